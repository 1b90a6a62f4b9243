"""The stored data cut short, with a bit turned over, or with a block of zeros."""

from collections.abc import Iterator
from functools import partial

from tests.faults.fault import EVERYBODY, Act, Fault
from tests.faults.runner import Trial

NAME = "damaged data"
BLOCK = 4096
VARIANTS = ("", "", "age", "gzip")


def damage(whole: bytes, how: str, trial: Trial, block: int = BLOCK) -> bytes:
    """Other bytes than were there."""
    dice = trial.dice
    while True:
        spoilt = bytearray(whole)
        place = dice.randrange(len(whole))
        if how == "cut short":
            del spoilt[place:]
        elif how == "a bit turned":
            spoilt[place] ^= 1 << dice.randrange(8)
        elif how == "a block of zeros":
            end = min(place + block, len(whole))
            spoilt[place:end] = bytes(end - place)
        else:
            spoilt += dice.randbytes(1 + place % 5000)
        if spoilt != whole:
            return bytes(spoilt)


def strike(trial: Trial, how: str) -> None:
    """Write the damaged bytes in the place of the good ones."""
    assert trial.stored
    path = trial.path(trial.stored.data)
    path.write_bytes(damage(path.read_bytes(), how, trial))


def faults() -> Iterator[Fault]:
    """At seeded random places."""
    for how, number in (
        ("cut short", 40),
        ("a bit turned", 40),
        ("a block of zeros", 32),
        ("bytes appended", 8),
    ):
        for at in range(number):
            variant = VARIANTS[at % len(VARIANTS)]
            yield Fault(
                family=NAME,
                name=f"{how} {at}",
                act=Act.STORED,
                inject=partial(strike, how=how),
                partial=EVERYBODY if how == "cut short" else (),
                variants={"ours": variant},
            )
