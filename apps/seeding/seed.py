"""One seed with everything it declares: what is ordered, hashed, shown and loaded."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.db import connections
from django.db.models import Model

from safe_migrate.errors import Refused
from seeding import check
from seeding.api import Definition, Kind
from seeding.declare import AnyFactory, Bulk, Ensure, NamedRow, Pool, Sample


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Seed:
    """A seed in one environment: the counts are those of its profile."""

    name: str
    definition: Definition
    bulks: tuple[Bulk, ...] = ()
    named: tuple[NamedRow, ...] = ()
    first_numbers: Mapping[AnyFactory, int] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Sample or ensure."""
        return self.definition.kind

    @property
    def factories(self) -> list[AnyFactory]:
        """Those it names, each once."""
        return list(dict.fromkeys(part.factory for part in self.parts))

    @property
    def parts(self) -> list[Bulk | NamedRow]:
        """Everything it declares, in its order."""
        return [*self.bulks, *self.named]

    @property
    def makes(self) -> set[type[Model]]:
        """Models whose rows it makes by name; factories may make others beside them."""
        return {_concrete(factory._meta.get_model_class()) for factory in self.factories}

    @property
    def draws(self) -> set[type[Model]]:
        """Models whose rows must be there before: what it takes from pools."""
        values = [value for bulk in self.bulks for value in bulk.overrides.values()]
        return {
            _concrete(value.source)
            for value in values
            if isinstance(value, Pool) and isinstance(value.source, type)
        }


def _concrete(model: type[Model]) -> type[Model]:
    concrete = model._meta.concrete_model
    return model if concrete is None else concrete


def declare(name: str, definition: Definition, scale: float) -> Seed:
    """Run the seed's function and keep what it says.

    Raises Refused: SD-202 where the function itself fails or asks the database, SD-21x for what
    cannot be meant.
    """
    said = Sample(scale) if definition.kind is Kind.SAMPLE else Ensure()
    with _without_database(name):
        try:
            definition.declare(said)
        except Refused:
            raise
        except Exception as error:
            raise Refused(
                "SD-202",
                f"The seed {name} could not say what it wants: {type(error).__name__}: {error}",
                next=(f"Mend {name}.", "python manage.py seed --plan"),
            ) from error
    if isinstance(said, Ensure):
        check.named_rows(name, said.named)
        return Seed(name=name, definition=definition, named=tuple(said.named))
    check.bulks(name, said.bulks)
    return Seed(
        name=name,
        definition=definition,
        bulks=tuple(said.bulks),
        first_numbers=dict(said.first_numbers),
    )


@contextmanager
def _without_database(name: str) -> Iterator[None]:
    def refuse(execute: Any, statement: str, *rest: Any) -> NoReturn:
        raise Refused(
            "SD-203",
            f"The seed {name} asks the database while it declares: {statement[:200]}",
            next=f"In {name} use s.pool(Model) where rows are needed: it is read when they are.",
        )

    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            stack.enter_context(connection.execute_wrapper(refuse))
        yield
