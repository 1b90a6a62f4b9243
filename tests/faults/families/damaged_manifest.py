"""The manifest (for django-dbbackup its .metadata) damaged at random places."""

from collections.abc import Iterator
from functools import partial

from tests.faults.families.damaged_data import damage
from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial

NAME = "damaged manifest"
BLOCK = 64


def strike(trial: Trial, how: str) -> None:
    """The last line break is no content, so it is left out."""
    assert trial.stored
    path = trial.path(trial.stored.manifest)
    path.write_bytes(damage(path.read_bytes().rstrip(), how, trial, BLOCK))


def faults() -> Iterator[Fault]:
    """At seeded random places."""
    for how, number in (("cut short", 24), ("a bit turned", 36), ("a block of zeros", 20)):
        for at in range(number):
            yield Fault(
                family=NAME,
                name=f"{how} {at}",
                act=Act.STORED,
                inject=partial(strike, how=how),
                partial=("ours",),
                variants={"ours": ("", "age", "gzip")[at % 3]},
            )
