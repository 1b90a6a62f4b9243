"""Backups in pg_dump's directory format, many files each: one of them is struck."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.faults.families.damaged_data import damage
from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial

NAME = "directory format"


def files(trial: Trial) -> list[Path]:
    """What pg_dump wrote."""
    assert trial.stored
    [folder] = trial.subject.backups.glob(f"{trial.stored.identifier}.dump.d")
    return sorted(folder.iterdir())


def strike(trial: Trial, how: str) -> None:
    """Damage one file at a random place."""
    path = trial.dice.choice([path for path in files(trial) if path.stat().st_size])
    path.write_bytes(damage(path.read_bytes(), how, trial, 64))


def change(trial: Trial, how: str) -> None:
    """A file too many, too few, or another's."""
    first, second, *_ = found = files(trial)
    if how == "a file removed":
        trial.dice.choice(found).unlink()
    elif how == "a file added":
        shutil.copyfile(first, first.with_name("9999.dat.gz"))
    elif how == "a file linked":
        target = trial.subject.root / "linked"
        shutil.move(first, target)
        first.symlink_to(target)
    elif how == "two files exchanged":
        kept = first.read_bytes()
        shutil.copyfile(second, first)
        second.write_bytes(kept)
    else:
        shutil.rmtree(first.parent)


def faults() -> Iterator[Fault]:
    """Only ours makes such backups."""
    fault = partial(Fault, family=NAME, act=Act.STORED, only=("ours",), variants={"ours": "parts"})
    for how in ("cut short", "a bit turned", "a block of zeros"):
        for at in range(6):
            yield fault(name=f"{how} {at}", inject=partial(strike, how=how))
    for how in (
        "a file removed",
        "a file added",
        "a file linked",
        "two files exchanged",
        "no folder",
    ):
        yield fault(name=how, inject=partial(change, how=how))
