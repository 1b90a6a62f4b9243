"""Statistics for the planner, of every table, before anybody asks a database anything."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue

import psycopg
from psycopg import Connection

SESSIONS = 4
"""Most of the time a session waits for autovacuum to notice that it is in the way."""


def analyze(connect: Callable[[], Connection]) -> None:
    """ANALYZE every table and materialised view, the largest first, in a few sessions of our own.

    `connect` opens an autocommit session to the database. Raises psycopg.Error.
    """
    waiting: SimpleQueue[str] = SimpleQueue()
    with connect() as own:
        for table in _tables(own):
            waiting.put(table)
    with ThreadPoolExecutor(SESSIONS, "analyze") as threads:
        done = [threads.submit(_work, connect, waiting) for _ in range(SESSIONS)]
    for each in done:
        each.result()


def _work(connect: Callable[[], Connection], waiting: "SimpleQueue[str]") -> None:
    with connect() as own:
        with suppress(psycopg.errors.InsufficientPrivilege):
            # An autovacuum worker gives way to whoever has waited as long as this.
            own.execute("SET deadlock_timeout = '20ms'")
        with suppress(Empty):
            while True:
                own.execute(f"ANALYZE {waiting.get_nowait()}".encode())


def _tables(own: Connection) -> list[str]:
    """Quoted names; an analysed partitioned table has its partitions analysed with it."""
    rows = own.execute(
        """
        SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
          AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND pg_has_role(c.relowner, 'USAGE')
        ORDER BY pg_total_relation_size(c.oid) DESC
        """
    ).fetchall()
    return [name for (name,) in rows]
