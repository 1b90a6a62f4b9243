"""One runner at a time. From here on the run may write."""

import psycopg

from safe_migrate.errors import LockNotObtained
from safe_migrate.pipeline import record
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog, control, locks, maintenance, session

NAME = "lock"


def perform(run: Run) -> None:
    """Take the lock, create the control tables, stamp the database. Raises LockNotObtained."""
    obtain(run)
    run.locked = True
    control.ensure(run.session)
    record.begin(run)
    if run.pending:
        run.rows_before = catalog.rows_changed(run.session)
    if run.identity and not run.identity.stamped:
        control.write_stamp(run.session, run.conf.environment)
        run.progress.note(f"stamped the database as {run.conf.environment.value}")


def obtain(run: Run, again: str = "") -> None:
    """Take the lock in the database and the one on its name. Raises LockNotObtained.

    The second keeps a restore from swapping the database away meanwhile. It is missing, and told,
    where our role may not connect to a maintenance database; then the first one alone holds.
    `again` is the command to repeat.
    """
    obtain_inside(run, again)
    if run.maintenance is None:
        try:
            run.maintenance = maintenance.open_session(run.connection, "runner")
        except psycopg.OperationalError as error:
            said = str(error).strip().splitlines() or ["no reason given"]
            run.progress.note(f"not locked against a restore: {said[-1].strip()}")
            return
        run.stack.callback(run.maintenance.close)
    obtain_name(run, run.maintenance, run.session.info.dbname, again)


def obtain_inside(run: Run, again: str = "") -> None:
    """Take the runner's lock on the run's session. Raises LockNotObtained naming the holder."""
    _obtain(run, run.session, run.session.info.dbname, locks.KEY, again)


def obtain_name(run: Run, own: psycopg.Connection, database: str, again: str = "") -> None:
    """Take the lock on a database's name on a session to the maintenance database.

    Behind a pooler the lock would be some other session's: then there is none. Raises
    LockNotObtained naming the holder; `again` is the command to repeat.
    """
    if session.is_direct(own):
        _obtain(run, own, database, locks.key_of(database), again)


def _obtain(run: Run, own: psycopg.Connection, database: str, key: int, again: str) -> None:
    asked = run.options.wait_seconds
    wait = run.conf.policy.lock_wait_seconds if asked is None else asked
    holder = locks.obtain(
        own, wait, lambda holder: run.progress.doing(f"waiting for {holder}"), key=key
    )
    if holder is not None:
        raise LockNotObtained(
            "SM-R101",
            f"Another run holds the lock on {database!r}: {holder}. Waited {wait:.0f} s for it.",
            next=(
                f"{again or 'python manage.py safe_migrate'} --wait 600",
                f"If that session is abandoned: SELECT pg_terminate_backend({holder.pid});",
            ),
        )
