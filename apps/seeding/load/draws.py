"""What `pool` and `per` mean for each row: which parent, and how many of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from django.db.models import Field, Model

from seeding.load.streams import below


class Draw:
    """Even draws from the rows of one pool."""

    def __init__(self, rows: Sequence[Model], chance: Random, *, distinct: bool) -> None:
        self.rows = rows
        self._chance = chance
        self._distinct = distinct
        self._taken: set[int] = set()

    @property
    def limit(self) -> int | None:
        """How many rows one parent can have of it; None where there is no limit."""
        return len(self.rows) if self._distinct else None

    def begin(self) -> None:
        """The next parent may be given the same rows."""
        self._taken.clear()

    def next(self) -> Model:
        """A row; with `distinct` one that was not drawn since `begin`."""
        index = below(len(self.rows), self._chance)
        while self._distinct and index in self._taken:
            index = below(len(self.rows), self._chance)
        self._taken.add(index)
        return self.rows[index]


def counted(
    count: int, constants: Mapping[str, Any], draws: Mapping[str, Draw]
) -> Iterator[dict[str, Any]]:
    """The overrides of each of `count` rows."""
    for _ in range(count):
        yield {**constants, **{name: draw.next() for name, draw in draws.items()}}


def per_parent(
    parents: Iterable[tuple[Model, int]],
    field: str,
    constants: Mapping[str, Any],
    draws: Mapping[str, Draw],
) -> Iterator[dict[str, Any]]:
    """The overrides of each row: so many for each parent."""
    for parent, count in parents:
        for draw in draws.values():
            draw.begin()
        for row in counted(count, constants, draws):
            yield {**row, field: parent}


def fan_out(parents: int, minimum: int, maximum: int, chance: Random) -> list[int]:
    """How many rows each parent has, evenly between the two."""
    return [minimum + below(maximum - minimum + 1, chance) for _ in range(parents)]


def in_stable_order(rows: Sequence[Model]) -> list[Model]:
    """By a unique value that is no primary key, where there is one.

    So a draw does not depend on which numbers the rows were given or in which order they came,
    nor on the database's collation.
    """
    if not rows:
        return []
    field = stable_key(type(rows[0]))
    return sorted(rows, key=lambda row: _comparable(getattr(row, field.attname)))


def stable_key(model: type[Model]) -> "Field[Any, Any]":
    """The first unique field with a value in every row, else the primary key."""
    for field in model._meta.concrete_fields:
        if field.unique and not (field.primary_key or field.null or field.is_relation):
            return field
    return model._meta.pk


def _comparable(value: Any) -> Any:
    return value if isinstance(value, int | float) else (str(value), repr(value))
