"""One runner at a time: session advisory locks, waited for with a bound, their holders named.

An advisory lock belongs to one database, and a swap exchanges that. So besides the runner's lock in
the database itself there is one in the maintenance database, keyed by the name.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import Connection

# Any constant will do, as long as every version of this tool uses the same one.
KEY = 0x5AFE_319A7E


def key_of(database: str) -> int:
    """The key of the lock on a database's name, for a session to the maintenance database."""
    digest = hashlib.sha256(f"safe_migrate database {database}".encode()).digest()
    # 63 bits: pg_locks shows a key in two unsigned halves, which a sign would confuse.
    return int.from_bytes(digest[:8]) >> 1


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that is in the way."""

    pid: int
    user: str
    application: str
    age_seconds: float
    """Since its transaction began, or since it connected where it is in none."""
    query: str

    def __str__(self) -> str:
        return (
            f"pid {self.pid} (user {self.user}, application {self.application or 'unnamed'!r}, "
            f"for {self.age_seconds:.0f} s)"
        )


def obtain(
    session: Connection,
    wait_seconds: float,
    waiting: Callable[[Holder | None], None] = lambda holder: None,
    *,
    key: int = KEY,
) -> Holder | None:
    """Take a lock, the runner's unless told, on `session`, which keeps it until it closes.

    Tries again for up to `wait_seconds`, telling `waiting` who holds it. Returns None when the
    lock is ours, else the holder (one without a pid where it left in that moment).
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        row = session.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
        if row and row[0]:
            return None
        holder = find_holder(session, key)
        if time.monotonic() >= deadline:
            return holder or Holder(0, "unknown", "", 0.0, "")
        waiting(holder)
        time.sleep(min(0.25, max(0.0, deadline - time.monotonic())))


def find_holder(session: Connection, key: int = KEY) -> Holder | None:
    """The session that holds the lock in this database, if any. Writes nothing."""
    row = session.execute(
        """
        SELECT a.pid, a.usename, a.application_name,
               extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)),
               a.query
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.classid = (%(key)s::bigint >> 32)::bigint::oid
          AND l.objid = (%(key)s::bigint & 4294967295)::bigint::oid
          AND a.pid <> pg_backend_pid()
        """,
        {"key": key},
    ).fetchone()
    return as_holder(row) if row else None


def as_holder(row: tuple[object, ...]) -> Holder:
    """(pid, user, application, age in seconds, query) of a catalog query, as a Holder.

    Of another user's session a role without pg_read_all_stats sees neither age nor query.
    """
    pid, user, application, age, query = row
    return Holder(
        int(str(pid)), str(user), str(application or ""), float(str(age or 0)), str(query or "")
    )
