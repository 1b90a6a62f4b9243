"""The order of a restore: reach, decide, ask, lock, restore. Nothing is changed before the lock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from safe_migrate.backups import create, verify
from safe_migrate.backups.manifest import Manifest
from safe_migrate.backups.restore import in_place, into_new, plan
from safe_migrate.backups.restore.job import Job, Restored
from safe_migrate.backups.restore.plan import Accepted, Loss
from safe_migrate.errors import Refused
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline import going_back, lock
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Level
from safe_migrate.postgres import databases, tools
from safe_migrate.postgres.standing import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the operator asks for."""

    to: str = ""
    """Beside, under this name; empty to take the place of the run's database."""
    in_place: bool = False
    accepted: Accepted = field(default_factory=Accepted)
    ownership: bool = True


Ask = Callable[[str, Loss], None]
"""Tells what would be lost of the named database and has it confirmed. Raises Refused."""


def restore(run: Run, manifest: Manifest, wanted: Wanted, ask: Ask) -> tuple[Job, Loss, Restored]:
    """Raises SafeMigrateError; what it says of the database's state is so."""
    try:
        return _restore(run, manifest, wanted, ask)
    except psycopg.Error as error:
        raise going_back.ended(error) from error


def _restore(run: Run, manifest: Manifest, wanted: Wanted, ask: Ask) -> tuple[Job, Loss, Restored]:
    run.stage = "identify"
    reached = going_back.reach_database if wanted.in_place else going_back.reach_server
    own, here = reached(run)
    target = going_back.target_of(run, here)
    if refused := plan.refusal(manifest, target, wanted.accepted):
        raise refused
    job = Job(
        manifest=manifest,
        connection=run.connection,
        maintenance=own,
        client=tools.find_client(run.conf.pg_bin, here.server_major),
        environment=run.conf.environment,
        database=wanted.to or target.database,
        jobs=int(run.conf.policy.restore_jobs),
        ownership=wanted.ownership,
        progress=run.progress,
    )
    loss = plan.loss(manifest, target, datetime.now(UTC))
    way = _beside if wanted.to else _in_place if wanted.in_place else _exchange
    done = way(run, job, here, lambda: ask(job.database, loss))
    run.findings += [
        Finding(check="restore", grade=Grade.WARN, text=warning) for warning in job.warnings
    ]
    return job, loss, done


def _exchange(run: Run, job: Job, here: Standing, ask: Callable[[], None]) -> Restored:
    """Into a new database that takes the place of the present one."""
    going_back.require_exchange(job.maintenance, job.database, here, job.manifest.id)
    entered = going_back.enter(run, job.maintenance, here)
    ask()
    run.stage = "lock"
    going_back.lock_both(run, job.maintenance, entered, _again(job))
    # While we waited, or somebody typed, things may have come to hang on it.
    going_back.require_exchange(job.maintenance, job.database, here, job.manifest.id)
    run.stage = "restore"
    if entered:
        job.before_swap = run.session.close
    return into_new.restore(job)


def _beside(run: Run, job: Job, here: Standing, ask: Callable[[], None]) -> Restored:
    """Under a name that is free: nothing can be lost, so nobody is asked."""
    if not here.may_create:
        raise Refused(
            "SM-B405",
            f"User {here.user!r} may not create databases.",
            next=f'ALTER ROLE "{here.user}" CREATEDB;',
        )
    run.stage = "lock"
    lock.obtain_name(run, job.maintenance, job.database, _again(job))
    if databases.exists(job.maintenance, job.database):
        raise Refused(
            "SM-B412",
            f"There is a database {job.database!r} already.",
            next="Give --to a name that is free.",
        )
    run.stage = "restore"
    return into_new.restore(job)


def _in_place(run: Run, job: Job, here: Standing, ask: Callable[[], None]) -> Restored:
    """Into the present database, in one transaction, after a backup of what is in it."""
    in_place.require_locks(job)
    ask()
    run.stage = "lock"
    run.progress.stage("lock")
    lock.obtain(run, _again(job))
    run.stage = "backup"
    run.progress.stage("backup")
    made = create.create(run.connection.alias, [])
    verify.verify(made, Level.READABLE, job.client, verify.How(connection=run.connection))
    run.progress.note(f"{made.id} holds what is in the database now")
    run.stage = "restore"
    return in_place.restore(job)


def _again(job: Job) -> str:
    return f"{plan.COMMAND} restore {job.manifest.id}"
