"""Restores into the present database, in one transaction: all of the backup, or nothing."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.families import damaged_data, kills
from tests.faults.fault import Act, Fault
from tests.faults.forks import Started
from tests.faults.runner import Trial

NAME = "restore in place"
_PLACE = "safe_migrate.backups.restore.in_place"
STOPS: dict[str, kills.Stop] = {
    "before anything is sent": (f"{_PLACE}._feed", "before", 1),
    "when all is to be dropped": (f"{_PLACE}.withheld", "before", 1),
    "in the middle": (f"{_PLACE}.withheld", "item", 1),
    "before COMMIT": (f"{_PLACE}.withheld", "item", 0),
    "when it is over": (f"{_PLACE}._feed", "after", 1),
}


def instead(trial: Trial) -> None:
    """The same restore, in place; run again it need not be."""
    assert trial.stored
    trial.argv = [*trial.subject.restore(trial.stored), "--in-place"]


def damaged(trial: Trial, how: str) -> None:
    """A damaged backup restored in place."""
    instead(trial)
    damaged_data.strike(trial, how)


def kill_programs(trial: Trial) -> None:
    """psql and pg_restore die; we live on."""

    def strike(started: Started) -> None:
        for pid in started.children():
            os.kill(pid, signal.SIGKILL)

    instead(trial)
    trial.while_under_way = strike


@contextmanager
def kill_server(trial: Trial) -> Iterator[None]:
    """The server dies."""
    instead(trial)
    with kills.kill_server(trial):
        yield


def faults() -> Iterator[Fault]:
    """Damage, then kills."""
    for how in ("cut short", "a bit turned", "a block of zeros"):
        for at in range(4):
            yield Fault(
                family=NAME,
                name=f"{how} {at}",
                act=Act.STORED,
                inject=partial(damaged, how=how),
                only=("ours",),
                asked=("restore",),
            )
    who: dict[str, Callable[[Trial], object]] = {
        "us": instead,
        "its programs": kill_programs,
        "the server": kill_server,
    }
    for when, stop in STOPS.items():
        for whom, inject in who.items():
            yield Fault(
                family=NAME,
                name=f"kill of {whom} {when}",
                act=Act.RESTORING,
                inject=inject,  # type: ignore[arg-type]
                stop={"ours": stop},
                alone=whom == "the server",
            )
