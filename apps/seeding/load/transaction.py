"""The one transaction of a run: everything it writes is there afterwards, or nothing is."""

from importlib.metadata import version

from django.db import DatabaseError, InterfaceError, transaction
from psycopg import Connection

from safe_migrate.errors import Failed
from seeding import fresh, guard, ledger, reference
from seeding.load import failures, streams, tables
from seeding.load.clock import pinned
from seeding.load.loader import Loader
from seeding.plan import Action
from seeding.run import Run

# Long enough for an application's transactions; nobody waits for us meanwhile but by row locks.
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '30s'"


def perform(run: Run) -> None:
    """Stamp once more, empty, fixtures, seeds, sequences, statistics, ledger, lock once more."""
    try:
        with (
            streams.undisturbed(),
            run.connection.wrap_database_errors,
            transaction.atomic(using=run.connection.alias),
        ):
            raw: Connection = run.connection.connection
            raw.execute(LOCK_TIMEOUT)
            guard.still_ours(raw, run.tool.environment)
            fresh.empty(raw, tuple(run.plan.empties))
            ledger.forget(raw, run.plan.forgets)
            run.loaded = _load(run, raw)
            filled = sorted({table for rows in run.loaded.values() for table in rows})
            tables.advance_sequences(raw, filled)
            tables.analyze(raw, filled)
            ledger.write(raw, _entries(run))
            _require_lock(run.own)
    except (DatabaseError, InterfaceError) as error:
        raise _failed(error) from error


def _load(run: Run, raw: Connection) -> dict[str, dict[str, int]]:
    """Item → table → rows."""
    chance = streams.Family(run.conf.random_seed, ()).stream("uuid")
    loader = Loader(
        connection=run.connection,
        random_seed=run.conf.random_seed,
        progress=run.progress,
        identifiers=chance,
    )
    loaded: dict[str, dict[str, int]] = {}
    with pinned(run.conf.clock, chance):
        for item in run.plan.having(Action.LOAD):
            before = tables.written(raw)
            if item.seed is None:
                reference.load(item.name, run.connection.alias)
            else:
                loader.load(item.seed)
                _check_constraints(run, item.name)
            loaded[item.name] = tables.since(before, tables.written(raw))
            count = sum(loaded[item.name].values())
            run.progress.note(f"{item.name}: {count:,} row{'s' * (count != 1)}")
    return loaded


def _check_constraints(run: Run, seed: str) -> None:
    """Deferred ones now, while it is known whose rows these are."""
    try:
        run.connection.check_constraints()
    except DatabaseError as error:
        raise failures.constraint_failed(seed, error) from error


def _entries(run: Run) -> list[ledger.Entry]:
    versions = {name: version(name) for name in ("factory-boy", "faker", "django")}
    return [
        ledger.Entry(
            seed=item.name,
            kind=item.kind.value,
            definition=item.definition,
            environment=run.tool.environment.value,
            random_seed=run.conf.random_seed,
            scale=item.scale,
            rows=run.entries[item.name].rows
            if item.action is Action.KEEP
            else run.loaded[item.name],
            versions=versions,
            run=run.id,
        )
        for item in (*run.plan.having(Action.LOAD), *run.plan.having(Action.KEEP))
    ]


def _require_lock(own: Connection) -> None:
    """The lock lasts as long as its session: prove it alive. Raises Failed (SD-309)."""
    try:
        own.execute("SELECT")
    except Exception as error:
        raise Failed(
            "SD-309",
            f"The session that holds the runner's lock was lost: {str(error).strip()}",
            next=("python manage.py safe_doctor", "python manage.py seed"),
        ) from error


def _failed(error: Exception) -> Exception:
    """What PostgreSQL said outside any row: to a DELETE of ours, or at the commit."""
    if lost := failures.connection_failed(error):
        return lost
    return Failed(
        "SD-310",
        f"PostgreSQL refused: {str(error).strip()} (SQLSTATE {failures.sqlstate(error)})",
        next=("python manage.py seed --plan", "python manage.py seed"),
    )
