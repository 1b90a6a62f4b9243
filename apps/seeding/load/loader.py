"""Writing the rows of one seed after another, through the factories, within one transaction."""

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from safe_migrate.errors import SafeMigrateError
from safe_migrate.facts import Progress
from seeding import anatomy
from seeding.declare import AnyFactory, Bulk, NamedRow, Rows
from seeding.load import failures, streams
from seeding.load.parents import CHUNK, Parents
from seeding.seed import Seed
from seeding.way import row_by_row

_SECONDS_BETWEEN_WORDS = 2.0


@dataclass(kw_only=True)
class Loader:
    """One run's loading: where to, by which number, and which rows it has made."""

    connection: BaseDatabaseWrapper
    random_seed: int
    progress: Progress
    identifiers: Random
    """Where the UUIDs of default values come from; set back for each bulk."""
    made: dict[Rows, list[Any]] = field(default_factory=dict)
    """A bulk's rows → their primary keys, in the order they were made."""
    _said: float = 0.0

    def load(self, seed: Seed) -> None:
        """Write all that the seed declares. Raises Failed with the row that could not be."""
        for factory in seed.factories:
            for member in anatomy.family(factory):
                member.reset_sequence(force=True)
        for factory, first in seed.first_numbers.items():
            factory.reset_sequence(first, force=True)
        nth: Counter[Any] = Counter()
        for part in seed.parts:
            path = (seed.name, part.factory.__qualname__, str(nth[part.factory]))
            nth[part.factory] += 1
            chances = streams.Family(self.random_seed, path)
            streams.begin(chances.number())
            self.identifiers.seed(chances.number("uuid"))
            for member in anatomy.family(part.factory):
                anatomy.rewind(member)
            if isinstance(part, Bulk):
                self._bulk(seed.name, part, chances)
            else:
                self._named(seed.name, part)

    def _named(self, seed: str, row: NamedRow) -> None:
        rows = anatomy.model_of(row.factory)._base_manager.using(self.connection.alias)
        if not rows.filter(**{name: row.values[name] for name in row.key}).exists():
            self._create(failures.where(seed, row.factory, 1), row.factory, dict(row.values))

    def _bulk(self, seed: str, bulk: Bulk, chances: streams.Family) -> None:
        made = self.made.setdefault(bulk.rows, [])
        one_by_one = bool(row_by_row(bulk))
        place = failures.where(seed, bulk.factory, 1)
        total, rows = Parents(self.connection.alias, self.made).overrides(place, bulk, chances)
        began = time.monotonic()
        while chunk := list(islice(rows, CHUNK)):
            if one_by_one:
                for overrides in chunk:
                    place = failures.where(seed, bulk.factory, len(made) + 1)
                    made.append(self._create(place, bulk.factory, overrides).pk)
            else:
                made += self._together(seed, bulk, chunk, len(made))
            self._tell(seed, bulk, len(made), total, began)

    def _create(self, place: str, factory: AnyFactory, overrides: dict[str, Any]) -> Model:
        try:
            row: Model = factory.create(**overrides)
        except Exception as error:
            raise failures.explain(place, factory, error) from error
        return row

    def _together(
        self, seed: str, bulk: Bulk, chunk: list[dict[str, Any]], before: int
    ) -> list[Any]:
        rows: list[Model] = []
        for number, overrides in enumerate(chunk, before + 1):
            try:
                rows.append(bulk.factory.build(**overrides))
            except Exception as error:
                place = failures.where(seed, bulk.factory, number)
                raise failures.explain(place, bulk.factory, error) from error
        try:
            self._write(rows)
        except Exception as error:
            raise self._culprit(seed, bulk, rows, before, error) from error
        return [row.pk for row in rows]

    def _write(self, rows: list[Model]) -> None:
        alias = self.connection.alias
        with transaction.atomic(using=alias):
            type(rows[0])._base_manager.using(alias).bulk_create(rows)

    def _culprit(
        self, seed: str, bulk: Bulk, rows: list[Model], before: int, error: Exception
    ) -> SafeMigrateError:
        """One by one until the row is found that the chunk failed on."""
        if lost := failures.connection_failed(error):
            return lost
        for number, row in enumerate(rows, before + 1):
            try:
                self._write([row])
            except Exception as own:
                place = failures.where(seed, bulk.factory, number)
                return failures.explain(place, bulk.factory, own, row)
        return failures.explain(failures.where(seed, bulk.factory, before + 1), bulk.factory, error)

    def _tell(self, seed: str, bulk: Bulk, done: int, total: int, began: float) -> None:
        now = time.monotonic()
        if done < total and now - self._said < _SECONDS_BETWEEN_WORDS:
            return
        self._said = now
        rate = done / max(now - began, 0.001)
        label = anatomy.model_of(bulk.factory)._meta.label
        self.progress.doing(f"{seed}: {label} {done:,} of {total:,} rows ({rate:,.0f} rows/s)")
