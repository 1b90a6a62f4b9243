"""Can a restore point be made, and would it be worth something?"""

from collections.abc import Iterator

from safe_migrate.backups.restore_point import create
from safe_migrate.errors import BackupFailed
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import BackupKind

CHECK = "archiving"


def examine(run: Run) -> Iterator[Finding]:
    """Only where the policy's backups are restore points. A failure of it is the backup's."""
    if run.conf.policy.backup_kind is not BackupKind.RESTORE_POINT:
        return
    if not (run.backup_wanted or run.options.diagnose):
        return
    try:
        text = create.check(run.connection)
    except BackupFailed as error:
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL if run.backup_needed else Grade.WARN,
            code=error.code,
            text=error.what,
            remedy=error.next,
        )
        return
    yield Finding(check=CHECK, grade=Grade.OK, text=text)
