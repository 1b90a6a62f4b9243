"""Before staging or production is touched there is a backup."""

from safe_migrate.backups import create, pins
from safe_migrate.pipeline.run import BackupMode, Run

NAME = "backup"


def perform(run: Run) -> None:
    """Back up the run's database where policy or caller say so, and pin the backup.

    Raises BackupFailed.
    """
    if not run.backup_wanted:
        if run.options.backup is BackupMode.ALWAYS:
            run.progress.note("none: nothing is pending")
        return
    run.progress.doing("dumping")
    names = [str(migration) for migration in run.plan]
    run.backup = create.as_fact(create.create(run.connection.alias, names))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    pins.pin(run.backup.id, f"before {names[0]}{more}", run.id)
    rows = sum(run.backup.rows.values())
    run.progress.note(f"{run.backup.id}, {run.backup.size:,} bytes, {rows:,} rows")
