"""One runner at a time. From here on the run may write."""

from safe_migrate.errors import LockNotObtained
from safe_migrate.pipeline import record
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog, control, locks

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


def obtain(run: Run) -> None:
    """Take the runner's lock on the run's session. Raises LockNotObtained naming the holder."""
    asked = run.options.wait_seconds
    wait = run.conf.policy.lock_wait_seconds if asked is None else asked
    holder = locks.obtain(
        run.session, wait, lambda holder: run.progress.doing(f"waiting for {holder}")
    )
    if holder is not None:
        raise LockNotObtained(
            "SM-R101",
            f"Another run holds the lock on {run.session.info.dbname!r}: {holder}. "
            f"Waited {wait:.0f} s for it.",
            next=(
                "python manage.py safe_migrate --wait 600",
                f"If that session is abandoned: SELECT pg_terminate_backend({holder.pid});",
            ),
        )
