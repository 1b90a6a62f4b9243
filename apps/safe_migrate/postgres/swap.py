"""One database in the place of another: two renames in one transaction.

A kill at any moment leaves a database under the name, the old one or the new one, never none; the
marks (marks.py) tell the next run whether to finish or to undo.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg
from psycopg import Connection, sql

from safe_migrate.postgres import databases, marks
from safe_migrate.postgres.locks import Holder, as_holder
from safe_migrate.postgres.marks import Mark, Role

DRAIN_SECONDS = 10.0
UNENDED_SECONDS = 1.0
PAUSE_SECONDS = 0.01
ATTEMPTS = 3


class SwapBlocked(Exception):
    """Sessions that could not be ended, or a prepared transaction; everything is as it was."""

    def __init__(self, holders: list[Holder], said: str = "") -> None:
        super().__init__(said or "; ".join(map(str, holders)))
        self.holders = holders


@dataclass(frozen=True, kw_only=True, slots=True)
class Swapped:
    """A swap that is done."""

    kept: str
    """The name under which the one that was there is kept; empty where there was none."""
    drained_seconds: float
    """From the first refusal of a connection until the last session had ended."""
    renamed_seconds: float
    """From then until connections were accepted again."""


def make_ready(maintenance: Connection, name: str, mark: Mark) -> None:
    """A filled database is complete: mark it so and close it, so that it stays what it is."""
    with maintenance.transaction():
        marks.write(maintenance, name, replace(mark, role=Role.READY, was=mark.role.value))
        allow(maintenance, name, False)


def swap(maintenance: Connection, incoming: marks.Marked) -> Swapped:
    """Put `incoming` in the place of the database it is of, and keep that one under another name.

    Connections are refused to both, sessions on both ended and waited for, then both renamed.
    `maintenance` is an autocommit session to neither of them. Raises SwapBlocked, or psycopg.Error;
    both after putting back what was done.
    """
    live = incoming.mark.of
    there = databases.exists(maintenance, live)
    names = [incoming.name, *([live] if there else [])]
    begun = time.monotonic()
    with _closed(maintenance, incoming, names):
        for attempt in range(ATTEMPTS):
            drain(maintenance, names)
            drained = time.monotonic()
            try:
                kept = _rename(maintenance, incoming, there=there)
                break
            except psycopg.errors.ObjectInUse as error:
                # Somebody who was about to be let in when the doors were closed.
                if attempt + 1 == ATTEMPTS:
                    said = f"{error.diag.message_primary}: {error.diag.message_detail}"
                    raise SwapBlocked(sessions(maintenance, names), said) from error
    return Swapped(
        kept=kept,
        drained_seconds=drained - begun,
        renamed_seconds=time.monotonic() - drained,
    )


@contextmanager
def _closed(maintenance: Connection, incoming: marks.Marked, names: list[str]) -> Iterator[None]:
    """The databases refuse connections; put back where the renames do not come about."""
    if incoming.mark.role is not Role.READY:
        make_ready(maintenance, incoming.name, incoming.mark)
    try:
        for name in names:
            allow(maintenance, name, False)
        yield
    except BaseException:
        # Over a lost session nothing can be put back: then the next run does, by the mark.
        if not maintenance.closed:
            reopen(maintenance, incoming)
        raise


def reopen(maintenance: Connection, incoming: marks.Marked) -> None:
    """Undo the beginning of a swap: the live database accepts connections, the mark is as before.

    One that was filled for the swap stays ready and closed.
    """
    mark = incoming.mark
    with maintenance.transaction():
        if databases.exists(maintenance, mark.of):
            allow(maintenance, mark.of, True)
        before = mark.was if mark.role is Role.READY else mark.role.value
        if before == Role.OLD:
            marks.write(maintenance, incoming.name, replace(mark, role=Role.OLD, was=""))
            allow(maintenance, incoming.name, True)


def _rename(maintenance: Connection, incoming: marks.Marked, *, there: bool) -> str:
    live, mark = incoming.mark.of, incoming.mark
    kept = marks.name_for(live, Role.OLD, datetime.now(UTC)) if there else ""
    with maintenance.transaction():
        maintenance.execute("SET LOCAL lock_timeout = '5s'")
        if there:
            own = Mark(
                role=Role.OLD,
                of=live,
                at=marks.now(),
                backup=mark.backup,
                comment=databases.comment(maintenance, live),
            )
            _rename_one(maintenance, live, kept)
            marks.write(maintenance, kept, own)
            allow(maintenance, kept, True)
        _rename_one(maintenance, incoming.name, live)
        databases.set_comment(maintenance, live, mark.comment)
        allow(maintenance, live, True)
    return kept


def _rename_one(maintenance: Connection, before: str, after: str) -> None:
    maintenance.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
            sql.Identifier(before), sql.Identifier(after)
        )
    )


def allow(maintenance: Connection, name: str, accepted: bool) -> None:
    """Whether anybody, superusers included, may open a new session in the database."""
    maintenance.execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
            sql.Identifier(name), sql.Literal(accepted)
        )
    )


def accepts(maintenance: Connection, name: str) -> bool:
    """Whether new sessions are accepted; False also where there is no such database."""
    row = maintenance.execute(
        "SELECT datallowconn FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return bool(row and row[0])


def drain(maintenance: Connection, names: Iterable[str]) -> None:
    """End every session in the databases and wait until they are gone. Raises SwapBlocked.

    Waits for up to DRAIN_SECONDS, but for UNENDED_SECONDS only where all that is left are sessions
    that our role may not end.
    """
    names = list(names)
    if transactions := prepared(maintenance, names):
        raise SwapBlocked([], f"prepared transactions: {', '.join(transactions)}")
    begun = time.monotonic()
    while left := sessions(maintenance, names):
        ended = [_terminate(maintenance, holder.pid) for holder in left]
        waited = time.monotonic() - begun
        if waited > (DRAIN_SECONDS if any(ended) else UNENDED_SECONDS):
            raise SwapBlocked(left)
        time.sleep(PAUSE_SECONDS)


def _terminate(maintenance: Connection, pid: int) -> bool:
    """False where our role may not."""
    try:
        maintenance.execute("SELECT pg_terminate_backend(%s)", [pid])
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def prepared(session: Connection, names: Iterable[str]) -> list[str]:
    """The prepared transactions of the databases: no session ends them, and they bar a rename."""
    rows = session.execute(
        "SELECT gid FROM pg_prepared_xacts WHERE database = ANY (%s) ORDER BY prepared",
        [list(names)],
    ).fetchall()
    return [gid for (gid,) in rows]


def sessions(maintenance: Connection, names: Iterable[str]) -> list[Holder]:
    """Who is in the databases; autovacuum is left out, since a rename ends it by itself."""
    rows = maintenance.execute(
        """
        SELECT pid, usename, application_name,
               coalesce(extract(epoch FROM clock_timestamp()
                                - coalesce(xact_start, backend_start)), 0), query
        FROM pg_stat_activity
        WHERE datname = ANY (%s) AND pid <> pg_backend_pid()
          AND usesysid IS NOT NULL AND backend_type IS DISTINCT FROM 'autovacuum worker'
        ORDER BY backend_start
        """,
        [list(names)],
    ).fetchall()
    return [as_holder(row) for row in rows]
