"""Before staging or production is touched there is a backup."""

from safe_migrate.backups import create, pins, store
from safe_migrate.backups.manifest import DUMP, Manifest
from safe_migrate.backups.restore_point import create as restore_point
from safe_migrate.pipeline.run import BackupMode, Run
from safe_migrate.policy import BackupKind

NAME = "backup"
MIB = 1 << 20


def perform(run: Run) -> None:
    """Back up the run's database where policy or caller say so, and pin the backup.

    Raises BackupFailed.
    """
    if not run.backup_wanted:
        if run.options.backup is BackupMode.ALWAYS:
            run.progress.note("none: nothing is pending")
        return
    names = [str(migration) for migration in run.plan]
    manifest, recipe = make(run, names)
    run.backup = create.as_fact(manifest)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    pins.pin(manifest.id, f"before {names[0]}{more}", run.id)
    if recipe:
        where = store.describe(manifest.data)
        run.progress.note(f"{manifest.id}, archived; to recover ({where}):\n{recipe}")
        return
    rows = sum(run.backup.rows.values())
    run.progress.note(f"{run.backup.id}, {run.backup.size:,} bytes, {rows:,} rows")


def make(run: Run, pending: list[str]) -> tuple[Manifest, str]:
    """A backup of the policy's kind, with the recipe where it is a restore point."""
    if run.conf.policy.backup_kind is BackupKind.RESTORE_POINT:
        return restore_point.create(run.connection, pending, run.progress.doing)
    run.progress.doing("dumping")
    expected = _expected(run)

    def tell(size: int) -> None:
        run.progress.amount(f"{size // MIB} MiB{expected}")

    return create.create(run.connection.alias, pending, tell), ""


def _expected(run: Run) -> str:
    """What the newest backup of this database came to, for comparison."""
    for manifest in store.backups(run.conf.environment.value):
        if manifest.database == run.session.info.dbname and manifest.kind == DUMP:
            return f" of about {manifest.size // MIB}"
    return ""
