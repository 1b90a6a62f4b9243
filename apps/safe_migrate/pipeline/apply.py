"""Carry out the plan as Django would, without standing in anybody's way."""

from functools import partial
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db.migrations.migration import Migration

from safe_migrate.errors import UsageError
from safe_migrate.online.execute import CourteousExecutor, courteous
from safe_migrate.pipeline import failures, graph, signals
from safe_migrate.pipeline.run import Run
from safe_migrate.plan import identity, parse
from safe_migrate.postgres import catalog, control

NAME = "apply"
BLOCKERS_NAMED = 3


def perform(run: Run) -> None:
    """Send the signals and migrate in between. Raises Failed, FailedPartly or LockNotObtained."""
    if run.options.prune:
        _prune(run)
        return
    executor = graph.load(run)
    _prepare(executor, run)
    run.connection.prepare_database()
    state = executor.applied_state()
    with failures.explained(run, executor):
        signals.send_pre_migrate(run, state)
        _synchronise(run, executor)
        with courteous(run.connection, executor.lock_timeout_ms):
            state = executor.migrate(
                run.targets,
                plan=run.pending,
                state=state.clone(),
                fake=run.options.fake and bool(run.pending),
                fake_initial=run.options.fake_initial and bool(run.pending),
            )
        _record_checksums(run, executor)
        run.migrated = True
        signals.send_post_migrate(run, state)


def _prepare(executor: CourteousExecutor, run: Run) -> None:
    facts = catalog.server_facts(run.session)
    policy = run.conf.policy
    executor.lock_timeout_ms = lock_timeout_ms(policy.budget_ms, facts.deadlock_timeout_ms)
    executor.retry_seconds = policy.lock_retry_seconds
    executor.waited = partial(_name_blockers, run)
    executor.progress_callback = partial(_follow, run)


def lock_timeout_ms(budget_ms: int, deadlock_timeout_ms: int) -> int:
    """How long a statement of ours may stand in a lock queue, in milliseconds.

    Never above the budget, since whoever comes later stands behind us; and at most half of the
    server's deadlock_timeout, so that in a deadlock we are the ones to give up, not the
    application.
    """
    return max(1, min(budget_ms, deadlock_timeout_ms // 2))


def _name_blockers(run: Run, statement: str, pause: float) -> None:
    waiter = run.connection.connection.info.backend_pid if run.connection.connection else 0
    holders = catalog.lock_holders(run.session, parse.relations(statement), waiter)
    run.retries += 1
    run.blocked_by = tuple(holders[:BLOCKERS_NAMED])
    named = "; ".join(map(str, run.blocked_by)) or "nobody any more"
    run.progress.note(f"lock not obtained, again in {pause:.1f} s; blocked by {named}")


def _follow(run: Run, action: str, migration: Migration | None = None, fake: bool = False) -> None:
    if migration is None:
        return
    verb = "back from " if action.startswith("unapply") else ""
    if action.endswith("_start"):
        # The lock lives with its session: without it another run may already be at work.
        run.session.execute("SELECT 1")
        run.current = migration
        run.progress.doing(f"{verb}{migration}")
    elif action.endswith("_success"):
        run.applied.append(str(migration))


def _synchronise(run: Run, executor: CourteousExecutor) -> None:
    """--run-syncdb: create the tables of apps without migrations, by Django's own code."""
    if not (run.options.run_syncdb and executor.loader.unmigrated_apps):
        return
    command = MigrateCommand(stdout=run.stdout)
    command.verbosity = run.options.verbosity
    label = run.options.app_label
    command.sync_apps(run.connection, [label] if label else executor.loader.unmigrated_apps)


def _record_checksums(run: Run, executor: CourteousExecutor) -> None:
    """What is applied now is what these files say; the first run takes earlier ones as they are."""
    applied: set[Any] = set(executor.recorder.applied_migrations())
    known = control.read_checksums(run.session)
    disk = executor.loader.disk_migrations or {}
    new = {key: identity.checksum(disk[key]) for key in applied & disk.keys() - known.keys()}
    if new:
        control.write_checksums(run.session, new)
    gone = known.keys() - applied
    if gone:
        control.forget_checksums(run.session, sorted(gone))


def _prune(run: Run) -> None:
    try:
        call_command(
            "migrate",
            *([run.options.app_label] if run.options.app_label else []),
            prune=True,
            database=run.connection.alias,
            interactive=run.options.interactive,
            verbosity=run.options.verbosity,
            stdout=run.stdout,
            skip_checks=True,
        )
    except CommandError as error:
        raise UsageError("SM-U105", str(error), next="python manage.py safe_status") from error
