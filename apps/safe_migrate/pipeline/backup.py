"""Before staging or production is touched there is a backup."""

from safe_migrate.backups import create
from safe_migrate.pipeline.run import Run

NAME = "backup"


def perform(run: Run) -> None:
    """Back up the run's database where policy or caller say so. Raises BackupFailed."""
    if not run.backup_wanted:
        return
    run.progress.doing("dumping")
    names = [str(migration) for migration in run.plan]
    run.backup = create.as_fact(create.create(run.connection.alias, names))
    mib = run.backup.size / (1 << 20)
    run.progress.note(f"{run.backup.id}, {mib:.1f} MiB, {sum(run.backup.rows.values())} rows")
