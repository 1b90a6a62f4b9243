"""Is the database what it should be now? What is found here is told, never undone."""

from safe_migrate.backups import pins
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog, control

NAME = "check"
NAMED_AT_MOST = 3


def perform(run: Run) -> None:
    """Look for invalid indexes, unvalidated constraints and rows changed in untouched tables."""
    if not run.pending:
        return
    for index, table in catalog.invalid_indexes(run.session):
        _warn(run, f"the index {index} on {table} is INVALID")
    for constraint, table in catalog.unvalidated_constraints(run.session):
        _warn(run, f"the constraint {constraint} on {table} is not validated")
    changed = sorted(_changed(run))
    if changed:
        named = ", ".join(changed[:NAMED_AT_MOST])
        more = f" and {len(changed) - NAMED_AT_MOST} more" if len(changed) > NAMED_AT_MOST else ""
        run.progress.note(f"rows were written meanwhile in {named}{more}")
    _unpin(run)


def _unpin(run: Run) -> None:
    """What earlier runs kept in case this one had to go back. Its own backup stays pinned."""
    try:
        pins.release(run.conf.environment.value, run.session.info.dbname, but=run.id)
    except Exception as error:  # each kind of bucket raises its own
        _warn(run, f"backups of earlier runs are still pinned: {error}")


def _changed(run: Run) -> list[str]:
    """Tables with rows written since the run began, by whomever, as the statistics have it."""
    now = catalog.rows_changed(run.session)
    return [
        table
        for table, rows in run.rows_before.items()
        if now.get(table, rows) != rows and table not in control.TABLES
    ]


def _warn(run: Run, text: str) -> None:
    run.findings.append(Finding(check=NAME, grade=Grade.WARN, text=text))
    run.progress.note(f"warning: {text}")
