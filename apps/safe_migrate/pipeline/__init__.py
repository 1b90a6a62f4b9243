"""The order of a run: one file per stage. Recording wraps the walk (record.py), since a last stage
would not run after a failure."""

from safe_migrate.pipeline import apply, backup, check, identify, lock, plan, preflight, verify

STAGES = (identify, preflight, lock, plan, backup, verify, apply, check)
# What only looks: it takes no lock and writes nothing.
LOOKING = (identify, preflight, plan)
