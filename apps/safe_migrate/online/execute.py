"""Django's executor with manners: bounded lock waits, retries, and no half-recorded migration."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from safe_migrate.plan import parse
from safe_migrate.postgres.session import CONNECTION_CHECK_MS

# Errors of waiting, not of the migration: lock_not_available, deadlock_detected,
# serialization_failure (PostgreSQL manual, appendix A).
RETRIED = frozenset({"55P03", "40P01", "40001"})
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0

T = TypeVar("T")
Waited = Callable[[str, float], None]
"""Called with the statement that did not get its lock, and the pause before the next attempt."""


class CourteousExecutor(MigrationExecutor):
    """Applies and unapplies single migrations as Django does, with three differences.

    Every statement runs under `lock_timeout`; what does not get its lock is rolled back and tried
    again, until `retry_seconds` have passed for the migration; and the row in django_migrations is
    written in the same transaction as the migration itself (Django writes it afterwards where SQL
    was deferred), so that a kill leaves both or neither.
    """

    lock_timeout_ms: int = 0
    retry_seconds: float = 0
    waited: Waited = staticmethod(lambda statement, pause: None)
    statement: str = ""
    """The last statement that failed."""
    retries: int = 0

    def applied_state(self) -> ProjectState:
        """The models as the applied migrations have them: where a run begins."""
        state: ProjectState = self._create_project_state(  # type: ignore[attr-defined]
            with_applied_migrations=True
        )
        return state

    def apply_migration(
        self,
        state: ProjectState,
        migration: Migration,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Run a migration forwards. Raises what the last attempt raised."""

        def attempt(own: ProjectState) -> ProjectState:
            return super(CourteousExecutor, self).apply_migration(
                own, migration, fake=fake, fake_initial=fake_initial
            )

        return self._courteously(migration, state, attempt)

    def unapply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False
    ) -> ProjectState:
        """Run a migration backwards. Raises what the last attempt raised."""

        def attempt(own: ProjectState) -> ProjectState:
            return super(CourteousExecutor, self).unapply_migration(own, migration, fake=fake)

        return self._courteously(migration, state, attempt)

    def _courteously(
        self,
        migration: Migration,
        state: ProjectState,
        attempt: Callable[[ProjectState], ProjectState],
    ) -> ProjectState:
        with self.connection.execute_wrapper(self._statement_wrapper):
            if not migration.atomic:
                return attempt(state)

            def whole() -> ProjectState:
                # An attempt changes the state it is given, also when it is rolled back.
                own = state.clone()
                with transaction.atomic(using=self.connection.alias):
                    return attempt(own)

            return self._retry(whole)

    def _statement_wrapper(
        self, execute: Callable[..., Any], query: str, params: Any, many: bool, context: Any
    ) -> Any:
        def noting_failure() -> Any:
            try:
                return execute(query, params, many, context)
            except DatabaseError:
                self.statement = str(query)
                raise

        if self.connection.in_atomic_block:
            return noting_failure()
        # Outside a transaction each statement stands alone, so it can be tried again alone.
        with lock_timeout_lifted(self.connection, parse.is_concurrent(str(query))):
            return self._retry(noting_failure)

    def _retry(self, perform: Callable[[], T]) -> T:
        deadline = time.monotonic() + self.retry_seconds
        for attempt in count():
            try:
                return perform()
            except DatabaseError as error:
                if sqlstate(error) not in RETRIED or time.monotonic() >= deadline:
                    raise
                pause = pause_seconds(attempt, random.random())  # noqa: S311 (no secret)
                self.retries += 1
                self.waited(self.statement, pause)
                time.sleep(pause)
        raise AssertionError("count() does not end")


def sqlstate(error: BaseException) -> str:
    """The five-character code of a database error; empty where the server gave none."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return str(getattr(cause, "sqlstate", "") or "")


def pause_seconds(attempt: int, chance: float) -> float:
    """How long to wait after the given attempt (from 0): doubling, with full jitter.

    `chance` in [0, 1). Never less than the first pause, so that the application's queue drains.
    """
    longest: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
    return FIRST_PAUSE_SECONDS + chance * longest


@contextmanager
def courteous(connection: BaseDatabaseWrapper, lock_timeout_ms: int) -> Iterator[None]:
    """Django's session while it migrates: short in lock queues, gone soon after we are killed.

    The server's own settings are back at the end.
    """
    settings = {
        "lock_timeout": f"{lock_timeout_ms}ms",
        # Otherwise a backend notices a killed client only when its statement ends, and keeps its
        # locks until then (PostgreSQL manual, 19.3.2).
        "client_connection_check_interval": f"{CONNECTION_CHECK_MS}ms",
    }
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        yield
    finally:
        # A session that is gone took its settings with it; what ended it is what counts.
        if connection.connection is not None and not connection.connection.closed:
            with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
                for name in settings:
                    cursor.execute(f"RESET {name}")


@contextmanager
def lock_timeout_lifted(connection: BaseDatabaseWrapper, lifted: bool) -> Iterator[None]:
    """CONCURRENTLY waits for transactions without holding anybody up; cut short it leaves debris.

    (PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".)
    """
    if not lifted:
        yield
        return
    raw = connection.connection
    before = raw.execute("SHOW lock_timeout").fetchone()[0]
    raw.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        if not raw.closed:
            raw.execute("SELECT set_config('lock_timeout', %s, false)", [before])
