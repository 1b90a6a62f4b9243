"""The hash of a seed: the same as long as it would make the same rows."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from seeding import anatomy, source
from seeding.conf import Conf
from seeding.declare import AnyFactory, Bulk, NamedRow, New, Per, Pool, Rows
from seeding.seed import Seed


def digest(seed: Seed, conf: Conf) -> str:
    """Over the seed's function, what it declared, its factories' sources, number and clock."""
    factories = {
        f"{member.__module__}.{member.__qualname__}": member
        for factory in seed.factories
        for used in anatomy.family(factory)
        for member in used.__mro__
        if member.__module__.partition(".")[0] not in ("builtins", "factory", "typing")
    }
    made: dict[Rows, str] = {}
    parts = [
        seed.name,
        seed.kind.value,
        source.text_of(seed.definition.declare),
        source.text_of(*factories.values()),
        *(_bulk(bulk, made) for bulk in seed.bulks),
        *(_named(row) for row in seed.named),
        *(f"{_name(factory)} from {first}" for factory, first in seed.first_numbers.items()),
        str(conf.random_seed),
        conf.clock.isoformat(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _bulk(bulk: Bulk, made: dict[Rows, str]) -> str:
    made[bulk.rows] = f"bulk {len(made)}"
    return f"{_name(bulk.factory)} {bulk.count} {_values(bulk.overrides, made)}"


def _named(row: NamedRow) -> str:
    return f"{_name(row.factory)} {row.key} {_values(row.values, {})}"


def _values(given: Mapping[str, Any], made: Mapping[Rows, str]) -> str:
    return ", ".join(f"{name}={_value(value, made)}" for name, value in sorted(given.items()))


def _value(value: Any, made: Mapping[Rows, str]) -> str:
    if isinstance(value, Per):
        return f"per {made.get(value.rows)} {value.minimum} {value.maximum}"
    if isinstance(value, Pool):
        return f"pool {_rows(value.source, made)} {value.distinct}"
    if isinstance(value, New):
        return "new"
    # What has no stable text (a declaration, a function) stands in the seed's source.
    return source.constant(value) or type(value).__qualname__


def _rows(rows: type[Model] | Rows, made: Mapping[Rows, str]) -> str | None:
    return made.get(rows) if isinstance(rows, Rows) else rows._meta.label


def _name(factory: AnyFactory) -> str:
    return f"{factory.__module__}.{factory.__qualname__}"
