"""Chance that is the same everywhere: each bulk has streams of its own, named, not shared.

So neither the order of seeds nor another seed, bulk or pool changes what comes out of one.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any

import factory.random
import faker.generator


def number(random_seed: int, *path: str) -> int:
    """The number that a stream begins with."""
    name = "/".join((str(random_seed), *path))
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Family:
    """The streams of one bulk."""

    random_seed: int
    path: tuple[str, ...]

    def number(self, *name: str) -> int:
        """What the stream of this name begins with; without a name, that of the factory."""
        return number(self.random_seed, *self.path, *name)

    def stream(self, name: str) -> Random:
        """A stream of its own."""
        return Random(self.number(name))  # noqa: S311 (sample data)


def below(limit: int, chance: Random) -> int:
    """A whole number from 0 to `limit` - 1; only `random()` is promised to stay the same."""
    return int(chance.random() * limit)


def begin(value: int) -> None:
    """Set back the streams that factories draw from: factory_boy's, Faker's and Python's own."""
    random.seed(value)
    factory.random.reseed_random(value)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Afterwards the shared streams go on as if nothing had been drawn."""
    shared: tuple[Any, ...] = (random, factory.random.randgen, faker.generator.random)
    states = [each.getstate() for each in shared]
    try:
        yield
    finally:
        for each, state in zip(shared, states, strict=True):
            each.setstate(state)
