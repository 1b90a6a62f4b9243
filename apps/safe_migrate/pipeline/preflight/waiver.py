"""May the caller do without a backup?"""

from collections.abc import Iterator

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import BackupMode, Run

CHECK = "waiver"


def examine(run: Run) -> Iterator[Finding]:
    """`--backup never` is refused where the policy does not allow it."""
    if run.options.backup is BackupMode.NEVER and not run.conf.policy.backup_never_allowed:
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL,
            code="SM-B120",
            text=f"--backup never is not accepted in {run.conf.environment.value}: no migration "
            "runs there without a verified backup.",
            remedy=("python manage.py safe_migrate --backup auto",),
        )
