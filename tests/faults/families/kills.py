"""SIGKILL of pg_dump or pg_restore, of us, and of the server, at every phase."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.fault import Act, Fault
from tests.faults.forks import Started
from tests.faults.runner import Trial
from tests.projects import wait_until

NAME = "kills"
Stop = tuple[str, str, int]
_COMMAND = "dbbackup.db.base.BaseCommandDBConnector.run_command"
_SAVE = "django.core.files.storage.filesystem.FileSystemStorage._save"
_METADATA = "dbbackup.management.commands.dbbackup.Command._save_metadata"
_INTO_NEW = "safe_migrate.backups.restore.into_new"
_SWAP = "safe_migrate.postgres.swap"


def both(place: str, when: str, number: int = 1) -> dict[str, Stop]:
    """The same place in both kinds of stock dbbackup."""
    return dict.fromkeys(("binary", "plain"), (place, when, number))


def ours(place: str, when: str, number: int = 1) -> dict[str, Stop]:
    """A place of ours."""
    return {"ours": (place, when, number)}


# Phase of a backup → where each tool is then.
MAKING: dict[str, dict[str, Stop]] = {
    "before the dump": ours("safe_migrate.backups.making.opened", "before")
    | both(_COMMAND, "before"),
    "with the snapshot open": ours("safe_migrate.backups.dump.stream", "before"),
    "during the dump": ours("safe_migrate.backups.dump.stream", "item"),
    "when the dump has ended": ours("safe_migrate.backups.making.describe", "before")
    | both(_COMMAND, "after"),
    "before the file is synced": ours("safe_migrate.backups.store.sync", "before"),
    "before it is published": ours(_SAVE, "before") | both(_SAVE, "before"),
    "while it is stored": both("django.core.files.base.File.chunks", "item"),
    "between data and manifest": ours("safe_migrate.backups.store.publish", "before")
    | both(_METADATA, "before"),
    "while the manifest is written": ours("safe_migrate.backups.store.sync", "after", 2),
    "when the manifest is there": ours("safe_migrate.backups.store.publish", "after"),
    "during verification": ours("safe_migrate.backups.archive.read", "item"),
    "before that is recorded": ours("safe_migrate.backups.verify.record", "before"),
}
RESTORING: dict[str, dict[str, Stop]] = {
    "before anything": ours(f"{_INTO_NEW}.restore", "before") | both(_COMMAND, "before"),
    "before the new database is marked": ours("safe_migrate.postgres.marks.write", "before"),
    "with an empty new database": ours(f"{_INTO_NEW}.fill", "before"),
    "before the rows": ours("safe_migrate.backups.fill._load", "before"),
    "while rows are loaded": ours("safe_migrate.postgres.program.Program.feed", "before"),
    "after the rows": ours("safe_migrate.backups.fill._load", "after"),
    "before it is compared": ours(f"{_INTO_NEW}._compare", "before"),
    "before it is dressed": ours(f"{_INTO_NEW}._dress", "before"),
    "when it is ready": ours(f"{_SWAP}.make_ready", "after"),
    "when connections are refused": ours(f"{_SWAP}.drain", "before"),
    "before both renames": ours(f"{_SWAP}._rename", "before"),
    "between the two renames": ours(f"{_SWAP}._rename_one", "before", 2),
    "before the renames are committed": ours(f"{_SWAP}._rename_one", "after", 2),
    "after both renames": ours(f"{_SWAP}._rename", "after"),
    "when it is done": ours(f"{_INTO_NEW}.exchange", "after"),
    "when the program has ended": both(_COMMAND, "after"),
}


def kill_us(trial: Trial) -> None:
    """What the runner does to a command at its stop by itself."""


def kill_program(trial: Trial) -> None:
    """The programs that our command runs at its stop."""

    def strike(started: Started) -> None:
        victims = started.children()
        assert victims, "no program runs here"
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    trial.while_under_way = strike


@contextmanager
def kill_waiting_program(trial: Trial, names: tuple[str, ...]) -> Iterator[None]:
    """The program is killed while it waits for a lock, which it alone asks for."""
    subject = trial.subject
    with subject.world.server.connect(subject.database) as holder:
        holder.execute(b"BEGIN")
        # pg_dump locks views as well; whoever counts rows does not.
        holder.execute(b"LOCK TABLE prolific IN ACCESS EXCLUSIVE MODE")

        def waiting() -> list[tuple[int]]:
            return subject.world.server.query(
                subject.database,
                "SELECT pid FROM pg_stat_activity WHERE application_name = ANY (%s)"
                " AND datname = current_database() AND wait_event_type = 'Lock'",
                list(names),
            )

        def strike(started: Started) -> None:
            wait_until(waiting, f"{names} to wait")
            for pid in started.children():
                os.kill(pid, signal.SIGKILL)

        trial.while_under_way = strike
        trial.lift = lambda: holder.execute(b"ROLLBACK") and None
        yield


@contextmanager
def kill_server(trial: Trial) -> Iterator[None]:
    """Postmaster and all its children; it is started again when the command has ended."""
    world = trial.subject.world
    trial.while_under_way = lambda started: world.kill_server()
    trial.lift = world.revive_server
    try:
        yield
    finally:
        world.revive_server()


def phases(act: Act, places: dict[str, dict[str, Stop]]) -> Iterator[Fault]:
    """Us and the server, at each."""
    who: dict[str, Callable[[Trial], object]] = {"us": kill_us, "the server": kill_server}
    for phase, stop in places.items():
        for whom, inject in who.items():
            yield Fault(
                family=NAME,
                name=f"{whom}, {'backup' if act is Act.MAKING else 'restore'}: {phase}",
                act=act,
                inject=inject,  # type: ignore[arg-type]
                stop=stop,
                alone=whom == "the server",
            )


def faults() -> Iterator[Fault]:
    """Every phase of a backup and of a restore."""
    yield from phases(Act.MAKING, MAKING)
    for phase in ("during the dump", "between data and manifest", "during verification"):
        yield Fault(
            family=NAME,
            name=f"us, safe_migrate: {phase}",
            act=Act.MAKING,
            inject=kill_us,
            stop={"ours": MAKING[phase]["ours"]},
            command="migrate",
        )
    for command in ("create", "migrate"):
        yield Fault(
            family=NAME,
            name=f"pg_dump, {command}: while it runs",
            act=Act.MAKING,
            inject=partial(kill_waiting_program, names=("pg_dump",)),
            command=command,
        )
    yield from phases(Act.RESTORING, RESTORING)
    yield Fault(
        family=NAME,
        name="pg_restore, restore: while rows are loaded",
        act=Act.RESTORING,
        inject=kill_program,
        stop={"ours": RESTORING["while rows are loaded"]["ours"]},
    )
    yield Fault(
        family=NAME,
        name="pg_restore, restore: while it runs",
        act=Act.RESTORING,
        inject=partial(kill_waiting_program, names=("pg_restore", "psql")),
        only=("binary", "plain"),
    )
