"""What `<app>/seeds.py` is written with.

A seed function declares: it is run to learn what is wanted and never touches the database, so
that it can be shown, hashed and carried out by any engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from seeding.declare import Ensure, Sample

__all__ = ["Definition", "Ensure", "Kind", "Sample", "ensure", "sample"]


class Kind(StrEnum):
    """The three kinds of seed data, which are never mixed."""

    REFERENCE = "reference"
    """Rows every environment needs: fixtures with natural keys. Production too, by --reference."""
    ENSURE = "ensure"
    """A few rows known by name, made where they are missing and otherwise left alone."""
    SAMPLE = "sample"
    """Generated rows, as many as the profile says."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A seed as its module defines it; it is named 'app.function'."""

    kind: Kind
    declare: Callable[[Any], None]
    after: tuple[str, ...]


def sample(*, after: str | Sequence[str] = ()) -> Callable[[Callable[[Sample], None]], Definition]:
    """A seed that declares generated rows.

    It comes after the seeds that make the models it takes from pools, and after those named in
    `after` ('app' or 'app.seed').
    """
    return lambda function: Definition(Kind.SAMPLE, function, _names(after))


def ensure(*, after: str | Sequence[str] = ()) -> Callable[[Callable[[Ensure], None]], Definition]:
    """A seed that declares single rows by name."""
    return lambda function: Definition(Kind.ENSURE, function, _names(after))


def _names(after: str | Sequence[str]) -> tuple[str, ...]:
    return (after,) if isinstance(after, str) else tuple(after)
