"""What a seed function can say, and the plain values that hold what it said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

AnyFactory = Any
"""A subclass of factory.django.DjangoModelFactory."""


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """The rows that a `bulk` will make; stands for them in `per` and `pool`."""

    model: type[Model]


@dataclass(frozen=True, slots=True)
class Pool:
    """One of the rows that are there, drawn anew for each row."""

    source: type[Model] | Rows
    distinct: bool

    @property
    def model(self) -> type[Model]:
        """What is drawn."""
        return self.source.model if isinstance(self.source, Rows) else self.source


@dataclass(frozen=True, slots=True)
class Per:
    """For each of these rows, between `minimum` and `maximum` rows that refer to it."""

    rows: Rows
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class New:
    """A new related row for each row, as the factory's SubFactory makes it."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """A count that the profile does not scale."""

    count: int


@dataclass(frozen=True, slots=True)
class Bulk:
    """Rows from one factory."""

    factory: AnyFactory
    count: int | None
    """None where a `Per` decides."""
    overrides: Mapping[str, Any]
    rows: Rows

    @property
    def per(self) -> tuple[str, Per] | None:
        """The field that a `Per` fills, with it."""
        found = [(name, value) for name, value in self.overrides.items() if isinstance(value, Per)]
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One row, made unless there is one with these values in the key's fields."""

    factory: AnyFactory
    key: tuple[str, ...]
    values: Mapping[str, Any]


class Ensure:
    """What an `@ensure` seed may declare."""

    def __init__(self) -> None:
        self.named: list[NamedRow] = []

    def row(self, factory: AnyFactory, key: str | Sequence[str], /, **values: Any) -> None:
        """A row of the factory with these values, unless one has the same in the key's fields."""
        names = (key,) if isinstance(key, str) else tuple(key)
        self.named.append(NamedRow(factory, names, values))


class Sample:
    """What a `@sample` seed may declare. Fields are named as the factory names them."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.bulks: list[Bulk] = []
        self.first_numbers: dict[AnyFactory, int] = {}

    def bulk(
        self, factory: AnyFactory, count: int | Exactly | None = None, /, **overrides: Any
    ) -> Rows:
        """`count` rows times the profile's scale; without a count one override is a `per`.

        An override is a value, a factory_boy declaration, or one of `pool`, `per` and `new`.
        """
        # What is no factory is told later, with the seed's name.
        rows = Rows(getattr(getattr(factory, "_meta", None), "model", None) or Model)
        self.bulks.append(Bulk(factory, self._scaled(count), overrides, rows))
        return rows

    def pool(self, source: type[Model] | Rows, *, distinct: bool = False) -> Pool:
        """One of the rows that are there (or that a `bulk` made), drawn evenly for each row.

        With `distinct` none is drawn twice for the same parent of a `per`, else none twice at all.
        """
        return Pool(source, distinct)

    def per(self, rows: Rows, minimum: int, maximum: int | None = None) -> Per:
        """For each of the rows of a `bulk`, between `minimum` and `maximum` rows. Not scaled."""
        return Per(rows, minimum, minimum if maximum is None else maximum)

    def new(self) -> New:
        """A new related row for each row, as the factory's SubFactory makes it."""
        return New()

    def exactly(self, count: int) -> Exactly:
        """A count that the profile does not scale."""
        return Exactly(count)

    def number_from(self, factory: AnyFactory, first: int) -> None:
        """The factory's sequence starts here in this seed, where two seeds share a factory."""
        self.first_numbers[factory] = first

    def _scaled(self, count: int | Exactly | None) -> int | None:
        if isinstance(count, Exactly):
            return count.count
        if count is None or isinstance(count, bool) or not isinstance(count, int) or count <= 0:
            return count
        return max(1, round(count * self.scale))
