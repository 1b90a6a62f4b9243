"""What a failure during apply means: for the database, for the data, and for what to do next."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.migrations.exceptions import IrreversibleError

from safe_migrate.errors import Failed, FailedPartly, LockNotObtained, Refused, SafeMigrateError
from safe_migrate.online.execute import RETRIED, CourteousExecutor, sqlstate
from safe_migrate.pipeline.run import Run

AGAIN = "python manage.py safe_migrate"


@contextmanager
def explained(run: Run, executor: CourteousExecutor) -> Iterator[None]:
    """Turn whatever a migration or a signal's receiver raises into a failure that teaches."""
    try:
        yield
    except SafeMigrateError:
        raise
    except Exception as error:
        run.applied = applied_now(run, executor)
        raise explain(run, executor, error) from error


def applied_now(run: Run, executor: CourteousExecutor) -> list[str]:
    """Migrations of the plan that are carried out, as far as the database can still be asked."""
    try:
        run.connection.ensure_connection()
        recorded = executor.recorder.applied_migrations()
    except (DatabaseError, InterfaceError):
        return run.applied
    return [
        str(migration)
        for migration, backwards in run.pending
        if ((migration.app_label, migration.name) in recorded) is not backwards
    ]


def explain(run: Run, executor: CourteousExecutor, error: Exception) -> SafeMigrateError:
    """The failure for what was raised. Pure but for reading the run."""
    if isinstance(error, psycopg.OperationalError):
        return session_lost(run, error)
    if run.migrated or run.current is None:
        return _in_receiver(run, error)
    if isinstance(error, DatabaseError) and sqlstate(error) in RETRIED:
        return _lock(run, executor)
    if _is_lost(error):
        return _lost(run, error)
    if isinstance(error, IrreversibleError):
        return _fail(run, "SM-R303", f"{run.current} cannot be reversed: {error}", AGAIN)
    if isinstance(error, DatabaseError):
        code = sqlstate(error)
        what = f"{run.current} failed: {str(error).strip()} (SQLSTATE {code})"
        statement = f"\nStatement: {executor.statement[:300]}" if executor.statement else ""
        return _fail(run, "SM-R301", what + statement, f"Mend {run.current}.", AGAIN)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = (
        f"{run.current} failed: {type(error).__name__}: {error}\n"
        f"In {frame.name}, line {frame.lineno} of {frame.filename.rpartition('/')[2]}"
    )
    return _fail(run, "SM-R302", what, f"Mend {run.current}.", AGAIN)


def _fail(run: Run, code: str, what: str, *next: str) -> SafeMigrateError:
    assert run.current is not None  # noqa: S101 (the caller asked)
    kind = Failed if run.current.atomic and not run.applied else FailedPartly
    return kind(code, what, state=_state(run), next=next)


def _state(run: Run) -> str:
    done = f"{len(run.applied)} of {len(run.pending)} migrations are done"
    if run.current is not None and not run.current.atomic:
        return (
            f"{done}; {run.current} is not atomic: those of its statements that had run stay in "
            "the database."
        )
    if not run.applied:
        return "The database is unchanged: the transaction was rolled back."
    return f"{done} and stay; {run.current} was rolled back."


def _lock(run: Run, executor: CourteousExecutor) -> SafeMigrateError:
    named = "; ".join(f"{h}, last statement: {h.query[:100]!r}" for h in run.blocked_by)
    return LockNotObtained(
        "SM-R201",
        f"{run.current} did not get its lock within {executor.retry_seconds:.0f} s "
        f"({executor.retries + 1} attempts of {executor.lock_timeout_ms} ms each).\n"
        f"Blocked by {named or 'a session that has left'}.",
        state=_state(run),
        next=(
            f"{AGAIN}  (when that transaction has ended)",
            *(f"SELECT pg_terminate_backend({holder.pid});" for holder in run.blocked_by),
        ),
    )


def forbidden(run: Run, error: psycopg.Error) -> Refused:
    """The failure for what our role may not even look at: as a rule the tool's own tables."""
    return Refused(
        "SM-E133",
        f"User {run.session.info.user!r}: {str(error).strip().splitlines()[0]}.",
        next=(
            "Connect as the role that owns the tables: the one that ran safe_migrate before.",
            "python manage.py safe_doctor",
        ),
    )


def session_lost(run: Run, error: psycopg.Error) -> FailedPartly:
    """The failure for the end of the session that holds the lock: no migration was under way."""
    reason = str(error).strip().splitlines()
    return FailedPartly(
        "SM-R402",
        f"The run's own session, which holds its lock, was lost during {run.stage}: "
        f"{reason[0] if reason else type(error).__name__}",
        state=f"{len(run.applied)} of {len(run.pending)} migrations are done and stay.",
        next=("python manage.py safe_status", AGAIN),
    )


def _is_lost(error: Exception) -> bool:
    if isinstance(error, InterfaceError):
        return True
    # Classes 08 (connection) and 57P (server going down); libpq's own report has no code.
    code = sqlstate(error)
    return isinstance(error, OperationalError) and (
        not code or code[:2] == "08" or code[:3] == "57P"
    )


def _lost(run: Run, error: Exception) -> SafeMigrateError:
    reason = str(error).strip().splitlines()
    return FailedPartly(
        "SM-R401",
        f"The connection to the server was lost during {run.current}: "
        f"{reason[0] if reason else type(error).__name__}",
        state="Whatever was committed stays, the transaction in hand is rolled back by the server.",
        next=("python manage.py safe_status", AGAIN),
    )


def _in_receiver(run: Run, error: Exception) -> SafeMigrateError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    signal = "post_migrate" if run.migrated else "pre_migrate"
    what = (
        f"A receiver of {signal} failed: {type(error).__name__}: {error}\n"
        f"In {frame.name}, line {frame.lineno} of {frame.filename.rpartition('/')[2]}"
    )
    if run.migrated:
        return FailedPartly(
            "SM-R311",
            what,
            state="All migrations are applied; what post_migrate sets up is not complete.",
            next=("Mend the receiver.", AGAIN),
        )
    return Failed("SM-R310", what, next=("Mend the receiver.", AGAIN))
