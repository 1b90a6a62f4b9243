"""`safe_backup list`: the backups of this environment."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from safe_migrate.backups import store
from safe_migrate.backups.manifest import Manifest, moment_of
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.reports import backup_text, json

NAME = "list"
HELP = "List the backups with their age, size and how far each was verified."
SCHEMA = "safe_migrate.backups/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Nothing beyond the shared options."""


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """Newest first. Needs the storage alone: it also works while the server is down."""
    found = [describe(manifest) for manifest in store.backups(run.conf.environment.value)]
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "backups": found}
        command.stdout.write(json.render(document))
    else:
        command.stdout.write(backup_text.listed(found))
    return Exit.DONE


def describe(manifest: Manifest) -> dict[str, Any]:
    """A backup as data."""
    record = store.verified(manifest)
    age = datetime.now(UTC) - moment_of(manifest.id)
    return {
        "id": manifest.id,
        "database": manifest.database,
        "created_at": manifest.created_at,
        "age_seconds": round(age.total_seconds()),
        "size": manifest.size,
        "rows": sum(manifest.rows.values()),
        "server_version": manifest.server_version,
        "level": record.get("level"),
        "verified_at": record.get("at"),
        "pending": manifest.pending,
    }
