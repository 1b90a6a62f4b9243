"""The write-ahead log: a named point in it, and proof that it leaves the server for an archive."""

import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg import Connection

POLL_SECONDS = 0.1
# After three failures of one file the archiver rests for a minute (pgarch.c, NUM_ARCHIVE_RETRIES).
FAILURES_ENOUGH = 3


class Way(StrEnum):
    """How the log leaves the server."""

    ARCHIVER = "archiver"
    """archive_command or archive_library."""
    RECEIVER = "receiver"
    """pg_receivewal on a permanent replication slot, as Barman's streaming_archiver runs it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archiving:
    """What the server is set up for, and what our role may do there."""

    user: str
    database: str
    in_recovery: bool
    wal_level: str
    archive_mode: str
    has_command: bool
    receivers: tuple[str, ...]
    """Names of the slots that receivers stream through at this moment."""
    unseen: tuple[str, ...]
    """Names of active slots of which our role may not see whose they are."""
    may_mark: bool
    may_switch: bool

    @property
    def way(self) -> Way | None:
        """How the log leaves; None where it does not. A set up archiver has to work."""
        if self.wal_level == "minimal":
            return None
        if self.archive_mode != "off" and self.has_command:
            return Way.ARCHIVER
        return Way.RECEIVER if self.receivers else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A restore point. `segment` is the log file that holds it, `at` the server's own time."""

    name: str
    lsn: str
    segment: str
    at: datetime

    @property
    def timeline(self) -> int:
        """The history that it belongs to."""
        return int(self.segment[:8], 16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Archiver:
    """One look at pg_stat_archiver."""

    last_archived: str
    failed_count: int
    last_failed: str
    last_failed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What came of waiting: `archived`, or what was seen instead."""

    archived: bool
    seconds: float
    last_archived: str = ""
    failure: Archiver | None = None
    """The archiver's state where it kept failing."""


def archiving(session: Connection) -> Archiving:
    """The server's state and our role's rights."""
    row = session.execute(
        """
        SELECT current_user::text, current_database()::text, pg_is_in_recovery(),
               current_setting('wal_level'), current_setting('archive_mode'),
               current_setting('archive_command') NOT IN ('', '(disabled)')
               OR current_setting('archive_library') <> '',
               has_function_privilege('pg_catalog.pg_create_restore_point(text)', 'EXECUTE'),
               has_function_privilege('pg_catalog.pg_switch_wal()', 'EXECUTE')
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (a SELECT without FROM gives one row)
    user, database, in_recovery, wal_level, mode, command, may_mark, may_switch = row
    receivers, unseen = _receivers(session)
    return Archiving(
        user=user,
        database=database,
        in_recovery=in_recovery,
        wal_level=wal_level,
        archive_mode=mode,
        has_command=command,
        receivers=receivers,
        unseen=unseen,
        may_mark=may_mark,
        may_switch=may_switch,
    )


def _receivers(session: Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Slots of programs that only keep the log, and those that could be of any program.

    A standby replays what it receives, so it has a replay position; it is no archive.
    """
    rows = session.execute(
        """
        SELECT s.slot_name::text, r.state IS NULL, r.flush_lsn IS NOT NULL AND r.replay_lsn IS NULL
        FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid
        WHERE s.slot_type = 'physical' AND s.active AND NOT s.temporary ORDER BY 1
        """
    ).fetchall()
    return (
        tuple(name for name, hidden, keeps in rows if not hidden and keeps),
        tuple(name for name, hidden, _ in rows if hidden),
    )


def create_restore_point(session: Connection, name: str) -> Point:
    """Write a named marker into the log (PostgreSQL manual, 9.28.3). `name` has up to 63 bytes.

    Raises psycopg.Error: no right to, or in recovery.
    """
    # A position is the byte after the record: at the boundary of two files that is the next one.
    row = session.execute(
        """
        SELECT lsn::text, pg_walfile_name(lsn - 1), clock_timestamp()
        FROM pg_create_restore_point(%s) lsn
        """,
        [name],
    ).fetchone()
    assert row is not None  # noqa: S101 (a function gives one row)
    return Point(name=name, lsn=row[0], segment=row[1], at=row[2])


def leave(session: Connection, point: Point, way: Way, seconds: float) -> Proof:
    """Finish the log file that holds the point and wait until it has left the server.

    The point's own record makes sure that there is something to switch away from, also on an idle
    server.
    """
    before = archiver(session)
    row = session.execute(
        "SELECT pg_switch_wal()::text, pg_size_bytes(current_setting('wal_segment_size'))"
    ).fetchone()
    assert row is not None  # noqa: S101 (a SELECT without FROM gives one row)
    end = segment_end(row[0], row[1])
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        if way is Way.RECEIVER:
            proof = Proof(archived=_received(session, end), seconds=waited)
        else:
            proof = judge(point.segment, before, archiver(session), waited)
        if proof.archived or proof.failure or waited >= seconds:
            return proof
        time.sleep(POLL_SECONDS)


def archiver(session: Connection) -> Archiver:
    """What the archiver has done so far."""
    row = session.execute(
        """
        SELECT coalesce(last_archived_wal, ''), failed_count, coalesce(last_failed_wal, ''),
               last_failed_time FROM pg_stat_archiver
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (the view has one row)
    return Archiver(
        last_archived=row[0], failed_count=row[1], last_failed=row[2], last_failed_at=row[3]
    )


def _received(session: Connection, end: str) -> bool:
    row = session.execute(
        """
        SELECT EXISTS (
            SELECT FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid
            WHERE s.slot_type = 'physical' AND NOT s.temporary AND r.replay_lsn IS NULL
              AND r.flush_lsn >= %s::pg_lsn)
        """,
        [end],
    ).fetchone()
    return bool(row and row[0])


def judge(segment: str, before: Archiver, now: Archiver, waited: float) -> Proof:
    """Whether the segment is archived, or the archiver keeps failing. Pure."""
    failing = now.failed_count - before.failed_count >= FAILURES_ENOUGH
    archived = is_archived(segment, now.last_archived)
    return Proof(
        archived=archived,
        seconds=waited,
        last_archived=now.last_archived,
        failure=now if failing and not archived else None,
    )


def is_archived(segment: str, last: str) -> bool:
    """Whether what was archived last says that this segment is, too. Pure.

    The archiver goes through log files in the order of their names, timeline first, and through
    `SEGMENT.OFFSET.backup` after its segment. `.history` and `.partial` files say nothing.
    """
    name, _, rest = last.partition(".")
    return len(name) == len(segment) and (not rest or last.endswith(".backup")) and name >= segment


def segment_end(lsn: str, segment_size: int) -> str:
    """The first position of the next log file; a position at a boundary is one already. Pure."""
    high, _, low = lsn.partition("/")
    position = (int(high, 16) << 32) + int(low, 16)
    end = -(-position // segment_size) * segment_size
    return f"{end >> 32:X}/{end & 0xFFFFFFFF:X}"


def standby_settings(session: Connection) -> dict[str, int]:
    """What a server that recovers must allow at least as much of (PostgreSQL manual, 26.4.3)."""
    rows = session.execute(
        """
        SELECT name, setting::int FROM pg_settings WHERE name IN ('max_connections',
            'max_prepared_transactions', 'max_locks_per_transaction', 'max_wal_senders',
            'max_worker_processes') ORDER BY name
        """
    ).fetchall()
    return dict(rows)
