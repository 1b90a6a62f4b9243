"""The order of a run: settings, database, lock, plan, load. Only the last one writes."""

from contextlib import suppress
from datetime import UTC, datetime

import psycopg

from safe_migrate.errors import Exit, LockNotObtained
from safe_migrate.postgres import control, locks, reach
from seeding import fresh, guard, ledger, planning
from seeding.load import transaction
from seeding.plan import require_unchanged
from seeding.run import Run


def perform(run: Run) -> None:
    """Raises SafeMigrateError; then nothing was loaded."""
    if not run.options.reference_only:
        guard.require_allowed(run.tool.policy, run.profile)
    with run.stack:
        run.progress.stage("look")
        _connect(run)
        guard.require_fit(guard.look(run.own, run.connection), run.tool.environment)
        if not run.options.looking:
            run.progress.stage("lock")
            _lock(run)
        run.progress.stage("plan")
        run.entries = ledger.read(run.own)
        run.plan = planning.make(run)
        if run.options.looking:
            return
        require_unchanged(run.plan.items)
        if run.plan.acting:
            run.progress.stage("load")
            _load(run)


def _connect(run: Run) -> None:
    url = run.tool.migration_urls.get(run.connection.alias)
    run.own = reach.connect(run.connection, url)
    run.stack.callback(run.own.close)
    run.database = run.own.info.dbname


def _lock(run: Run) -> None:
    asked = run.options.wait_seconds
    wait = run.tool.policy.lock_wait_seconds if asked is None else asked
    holder = locks.obtain(run.own, wait, lambda holder: run.progress.doing(f"waiting for {holder}"))
    if holder is not None:
        raise LockNotObtained(
            "SD-109",
            f"Another run holds the lock on {run.database!r}: {holder}. "
            f"Waited {wait:.0f} s for it.",
            next=(
                "python manage.py seed --wait 600",
                f"If that session is abandoned: SELECT pg_terminate_backend({holder.pid});",
            ),
        )


def _load(run: Run) -> None:
    """Recorded in the tool's history: what began, and how it ended."""
    if run.plan.empties:
        known = fresh.references(run.own, run.plan.empties)
        fresh.require_closed(run.own, run.plan.empties, known, run.entries, run.plan.forgets)
        run.confirm(run.plan, run.database)
    ledger.ensure(run.own)
    began = datetime.now(UTC)
    control.begin_run(run.own, run.id, "seed", run.tool.environment, began)
    error: BaseException | None = None
    try:
        transaction.perform(run)
    except BaseException as raised:
        error = raised
        raise
    finally:
        run.seconds = (datetime.now(UTC) - began).total_seconds()
        _note_end(run, error)


def _note_end(run: Run, error: BaseException | None) -> None:
    """In the history; a row that cannot be written hides nothing of what happened."""
    code = Exit.DONE if error is None else getattr(error, "exit", Exit.INTERRUPTED)
    with suppress(psycopg.Error):
        control.end_run(
            run.own,
            run.id,
            outcome=code.name.lower(),
            exit_code=int(code),
            backup_id=None,
            report={"loaded": run.loaded},
        )
