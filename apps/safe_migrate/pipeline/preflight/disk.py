"""Is there a storage for the backup, may we write there, and does the backup fit?"""

from collections.abc import Iterator

from safe_migrate.backups import store
from safe_migrate.backups.manifest import DUMP
from safe_migrate.errors import Refused
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import BackupKind
from safe_migrate.postgres import catalog

CHECK = "backups"
MIB = 1 << 20
# A dump is compressed and holds no indexes: with the last backup's size unknown, the database's
# own size is a bound that was never exceeded.
HEADROOM = 1.5


def examine(run: Run) -> Iterator[Finding]:
    """A run that makes a backup is refused where there is no room for it; others are told."""
    if not (run.backup_wanted or run.options.diagnose):
        return
    grade = Grade.FAIL if run.backup_needed else Grade.WARN
    try:
        folder = store.prepare() if run.backup_wanted else store.folder()
    except Refused as error:
        yield Finding(check=CHECK, grade=grade, code=error.code, text=error.what, remedy=error.next)
        return
    free = store.free_bytes()
    try:
        needed = _needed(run)
    except Exception as error:  # each kind of bucket raises its own
        yield Finding(
            check=CHECK,
            grade=grade,
            code="SM-B113",
            text=f"The dbbackup storage cannot be read: {type(error).__name__}: {error}",
            remedy=("Check the bucket's name and its credentials.", "python manage.py safe_doctor"),
        )
        return
    where = str(folder) if folder else "the dbbackup storage"
    if free is not None and free < needed:
        yield Finding(
            check=CHECK,
            grade=grade,
            code="SM-B112",
            text=f"{where} has {free // MIB} MiB free; the backup may need {needed // MIB} MiB.",
            remedy=("Make room there, or set BACKUP_DIR to a folder with more of it.",),
        )
        return
    room = f"{free // MIB} MiB free" if free is not None else "free space unknown"
    yield Finding(
        check=CHECK, grade=Grade.OK, text=f"{where}: {room}, at most {needed // MIB} MiB needed"
    )


def _needed(run: Run) -> int:
    if run.conf.policy.backup_kind is BackupKind.RESTORE_POINT:
        return MIB
    stored = store.backups(run.conf.environment.value)
    newest = next((backup for backup in stored if backup.kind == DUMP), None)
    if newest is not None:
        return int(newest.total_size * HEADROOM)
    return catalog.server_facts(run.session).size_bytes
