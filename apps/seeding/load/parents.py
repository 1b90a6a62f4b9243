"""Which rows a bulk's rows refer to: what its markers stand for, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from seeding.declare import Bulk, New, Per, Pool, Rows
from seeding.load import draws, failures, streams

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Parents:
    """Reads related rows through one connection."""

    alias: str
    made: Mapping[Rows, list[Any]]
    """An earlier bulk's rows → their primary keys, in the order they were made."""

    def overrides(
        self, place: str, bulk: Bulk, chances: streams.Family
    ) -> tuple[int, Iterator[dict[str, Any]]]:
        """How many rows the bulk has, and the overrides of each. Raises Failed (SD-304)."""
        chosen = {
            name: self._draw(place, name, value, chances)
            for name, value in bulk.overrides.items()
            if isinstance(value, Pool)
        }
        constants = {
            name: value
            for name, value in bulk.overrides.items()
            if not isinstance(value, Pool | Per | New)
        }
        if bulk.per is None:
            count = bulk.count or 0
            _require_enough(place, chosen, count)
            return count, draws.counted(count, constants, chosen)
        name, per = bulk.per
        _require_enough(place, chosen, per.minimum)
        # No parent has more rows than there are different ones to draw for it.
        limits = [draw.limit for draw in chosen.values() if draw.limit is not None]
        keys = self.made[per.rows]
        counts = draws.fan_out(
            len(keys), per.minimum, min([per.maximum, *limits]), chances.stream(name)
        )
        parents = zip(self._fetch(per.rows.model, keys), counts, strict=True)
        return sum(counts), draws.per_parent(parents, name, constants, chosen)

    def _draw(self, place: str, name: str, pool: Pool, chances: streams.Family) -> draws.Draw:
        source = pool.source
        if isinstance(source, Rows):
            rows = list(self._fetch(source.model, self.made[source]))
        else:
            rows = draws.in_stable_order(list(source._base_manager.using(self.alias).all()))
        if not rows:
            raise failures.pool_too_small(place, name, pool.model, "which is empty")
        return draws.Draw(rows, chances.stream(name), distinct=pool.distinct)

    def _fetch(self, model: type[Model], keys: list[Any]) -> Iterator[Model]:
        """The rows with these keys in this order, a chunk at a time."""
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            found = model._base_manager.using(self.alias).in_bulk(part)
            yield from (found[key] for key in part)


def _require_enough(place: str, chosen: Mapping[str, draws.Draw], wanted: int) -> None:
    for name, draw in chosen.items():
        if draw.limit is not None and draw.limit < wanted:
            problem = f"which has {draw.limit:,} rows, for {wanted:,} different ones"
            raise failures.pool_too_small(place, name, type(draw.rows[0]), problem)
