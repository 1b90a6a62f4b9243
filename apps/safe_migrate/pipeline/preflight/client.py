"""Is there a pg_dump that can dump this server, and whose dumps it can restore?"""

from collections.abc import Iterator

from safe_migrate.errors import Refused
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import tools

CHECK = "pg_dump"


def examine(run: Run) -> Iterator[Finding]:
    """A run that makes a backup is refused without the right client; others are told."""
    if not (run.backup_wanted or run.options.diagnose):
        return
    try:
        found = tools.find_client(run.conf.pg_bin, run.session.info.server_version // 10000)
    except Refused as error:
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL if run.backup_needed else Grade.WARN,
            code=error.code,
            text=error.what,
            remedy=error.next,
        )
        return
    yield Finding(check=CHECK, grade=Grade.OK, text=f"pg_dump {found.version} in {found.folder}")
