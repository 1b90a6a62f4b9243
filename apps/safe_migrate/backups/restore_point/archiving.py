"""What the state of the server's WAL archiving means for a restore point. Pure."""

from datetime import UTC

from safe_migrate.errors import BackupFailed
from safe_migrate.postgres.wal import Archiving, Point, Proof, Way

AGAIN = "python manage.py safe_migrate"
DOCTOR = "python manage.py safe_doctor"
SETUP = "Set archiving up: docs/point-in-time.md#the-server"


def require(facts: Archiving) -> Way:
    """How the log leaves the server.

    Raises BackupFailed: it is a standby (SM-B604), it does not (SM-B603), or our role may not mark
    and switch it (SM-B605).
    """
    if facts.in_recovery:
        raise BackupFailed(
            "SM-B604",
            "The server is a standby (it is in recovery): only the primary can mark a place in "
            "its write-ahead log.",
            next=("Set BACKUP_DATABASE_URL to the primary.", DOCTOR),
        )
    if (way := facts.way) is None:
        what, remedy = _missing(facts)
        raise BackupFailed("SM-B603", f"The write-ahead log is not archived: {what}.", next=remedy)
    functions = [
        name
        for name, may in (
            ("pg_catalog.pg_create_restore_point(text)", facts.may_mark),
            ("pg_catalog.pg_switch_wal()", facts.may_switch),
        )
        if not may
    ]
    if functions:
        raise BackupFailed(
            "SM-B605",
            f"User {facts.user!r} may not execute {' and '.join(functions)}.",
            next=(
                f'As superuser, in the database "{facts.database}":',
                f'GRANT EXECUTE ON FUNCTION {", ".join(functions)} TO "{facts.user}";',
                DOCTOR,
            ),
        )
    return way


def _missing(facts: Archiving) -> tuple[str, tuple[str, ...]]:
    if facts.wal_level == "minimal":
        return "wal_level is minimal", (
            "ALTER SYSTEM SET wal_level = 'replica';  (then restart the server)",
            SETUP,
        )
    if facts.unseen:
        return (
            f"archive_mode is {facts.archive_mode}, and user {facts.user!r} may not see whether "
            f"it is a receiver that streams through the slot {facts.unseen[0]}"
        ), (f'GRANT pg_read_all_stats TO "{facts.user}";', DOCTOR)
    receiver = "no receiver streams through a permanent slot"
    if facts.archive_mode == "off":
        return f"archive_mode is off, and {receiver}", (
            "ALTER SYSTEM SET archive_mode = 'on';  (then restart the server)",
            SETUP,
        )
    return f"neither archive_command nor archive_library is set, and {receiver}", (SETUP,)


def require_archived(proof: Proof, point: Point, way: Way, seconds: float) -> None:
    """Raises BackupFailed: archiving fails (SM-B606), or takes longer than allowed (SM-B607)."""
    if proof.archived:
        return
    if failure := proof.failure:
        at = failure.last_failed_at
        when = f" at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else ""
        raise BackupFailed(
            "SM-B606",
            f"Archiving fails: {failure.last_failed} could not be archived{when}; the restore "
            f"point is in {point.segment}.",
            next=(
                "Look into the server's log for what archive_command said, and mend it.",
                AGAIN,
            ),
        )
    last = f"the last one was {proof.last_archived or 'none'}"
    seen = last if way is Way.ARCHIVER else "no receiver has reported it"
    raise BackupFailed(
        "SM-B607",
        f"{point.segment}, which holds the restore point, was not archived within {seconds:.0f} "
        f"s; {seen}.",
        next=(
            "SELECT * FROM pg_stat_archiver;"
            if way is Way.ARCHIVER
            else "SELECT * FROM pg_stat_replication;",
            "Or raise SAFE_MIGRATE['POLICY']['BACKUP_ARCHIVE_WAIT_SECONDS'].",
            AGAIN,
        ),
    )
