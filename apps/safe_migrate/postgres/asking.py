"""Bounded questions to the data: each in a transaction of its own that can only read."""

import time
from dataclasses import dataclass, field

import psycopg
from psycopg import Connection
from psycopg.rows import tuple_row

STATEMENT_TIMEOUT_MS = 2_000
LOCK_TIMEOUT_MS = 200
ALL_SECONDS = 30.0
"""After so long nothing more is asked: a plan has to be shown."""


@dataclass
class Asker:
    """Asks on an idle session in autocommit; the same question only once."""

    session: Connection
    all_seconds: float = ALL_SECONDS
    _known: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    _spent: float = 0.0

    def __call__(self, sql: str) -> tuple[str, ...] | None:
        """The rows of a SELECT as text; None for what cannot be known now.

        That is what takes longer than a moment, waits for a lock, or the role may not read. Raises
        psycopg.OperationalError where the session is lost.
        """
        if sql not in self._known:
            if self._spent > self.all_seconds:
                return None
            began = time.monotonic()
            self._known[sql] = self._asked(sql)
            self._spent += time.monotonic() - began
        return self._known[sql]

    def _asked(self, sql: str) -> tuple[str, ...] | None:
        try:
            with self.session.transaction(force_rollback=True):
                self.session.execute("SET TRANSACTION READ ONLY")
                self.session.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
                self.session.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                # Rows that a policy hides would be missed: then it is better not known.
                self.session.execute("SET LOCAL row_security = off")
                rows = self.session.cursor(row_factory=tuple_row).execute(sql.encode()).fetchall()
        except psycopg.Error:
            if self.session.closed:
                raise
            return None
        return tuple(", ".join(map(str, row)) for row in rows)
