"""Is this the server itself, may it be written, and is it a version that we know?"""

from collections.abc import Iterator

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog, session

CHECK = "server"
OLDEST_MAJOR = 15


def examine(run: Run) -> Iterator[Finding]:
    """Findings about the server; needs the run's session."""
    info = run.session.info
    version = info.parameter_status("server_version") or ""
    if not session.is_direct(run.session):
        yield _fail(
            "SM-E121",
            f"The connection to {info.host}:{info.port} goes through a connection pooler in "
            "transaction mode: locks and settings of a session would be lost in it.",
            "Set MIGRATION_DATABASE_URL to the server's own address.",
        )
        return
    facts = catalog.server_facts(run.session)
    if facts.in_recovery:
        yield _fail(
            "SM-E122",
            f"The server {info.host}:{info.port} is a read-only standby (it is in recovery).",
            "Set DATABASE_URL or MIGRATION_DATABASE_URL to the primary.",
        )
        return
    if facts.read_only:
        yield _fail(
            "SM-E123",
            f"Transactions of user {info.user!r} are read-only "
            "(default_transaction_read_only is on).",
            f'ALTER ROLE "{info.user}" RESET default_transaction_read_only;',
        )
        return
    if info.server_version // 10000 < OLDEST_MAJOR:
        yield Finding(
            check=CHECK,
            grade=Grade.WARN,
            text=f"PostgreSQL {version} is older than {OLDEST_MAJOR}, the oldest tested here.",
            remedy=(f"Upgrade the server to PostgreSQL {OLDEST_MAJOR} or newer.",),
        )
    yield Finding(check=CHECK, grade=Grade.OK, text=f"PostgreSQL {version}, writable, direct")


def _fail(code: str, text: str, *remedy: str) -> Finding:
    return Finding(check=CHECK, grade=Grade.FAIL, code=code, text=text, remedy=remedy)
