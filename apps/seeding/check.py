"""What a seed says is looked over before anything is written. Pure: factories and models only."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from safe_migrate.errors import Refused
from seeding import anatomy
from seeding.declare import AnyFactory, Bulk, NamedRow, New, Per, Pool, Rows
from seeding.spelling import suggestion


def bulks(seed: str, said: Sequence[Bulk]) -> None:
    """Raise Refused for the first bulk that cannot be meant."""
    made: list[Rows] = []
    for bulk in said:
        _factory(seed, bulk.factory)
        _names(seed, bulk.factory, bulk.overrides)
        _count(seed, bulk)
        for name, value in bulk.overrides.items():
            _marker(seed, bulk, name, value, made)
        _sub_factories(seed, bulk)
        made.append(bulk.rows)


def named_rows(seed: str, said: Sequence[NamedRow]) -> None:
    """Raise Refused for the first row that cannot be meant."""
    for row in said:
        _factory(seed, row.factory)
        _names(seed, row.factory, row.values)
        missing = [name for name in row.key if name not in row.values]
        if missing:
            raise _refused(
                "SD-211",
                seed,
                f"s.row({row.factory.__name__}, …) has no value for {missing[0]!r}, by which the "
                "row is known.",
                f'Give it: s.row({row.factory.__name__}, "{missing[0]}", {missing[0]}=…)',
            )


def _factory(seed: str, factory: AnyFactory) -> None:
    if not anatomy.is_factory(factory):
        raise _refused(
            "SD-210",
            seed,
            f"{factory!r} is not a factory of a Django model.",
            "Name a subclass of factory.django.DjangoModelFactory with a model.",
        )


def _names(seed: str, factory: AnyFactory, given: Any) -> None:
    known = anatomy.names(factory)
    for name in given:
        root = name.partition("__")[0]
        if root not in known:
            raise _refused(
                "SD-212",
                seed,
                f"{factory.__name__} ({anatomy.model_of(factory)._meta.label}) has no {root!r}. "
                f"{suggestion(root, known)}",
                f"Correct {root!r}.",
            )


def _count(seed: str, bulk: Bulk) -> None:
    count: Any = bulk.count
    name = bulk.factory.__name__
    pers = [value for value in bulk.overrides.values() if isinstance(value, Per)]
    if count is None and len(pers) == 1:
        per = pers[0]
        if 0 <= per.minimum <= per.maximum:
            return
        problem = f"s.per(…, {per.minimum}, {per.maximum}) is no range."
    elif count is None:
        problem = f"s.bulk({name}) needs a count, or one override that is s.per(rows, 1, 5)."
    elif pers:
        problem = f"s.bulk({name}, {count}) has a count and an s.per(…): one of them decides."
    elif isinstance(count, bool) or not isinstance(count, int) or count < 0:
        problem = f"s.bulk({name}, {count!r}) needs a whole number of at least 0."
    else:
        return
    raise _refused("SD-213", seed, problem, f"Correct s.bulk({name}, …).")


def _marker(seed: str, bulk: Bulk, name: str, value: Any, made: Sequence[Rows]) -> None:
    if isinstance(value, Pool | Per):
        source = value.source if isinstance(value, Pool) else value.rows
        ours = any(source is rows for rows in made)
        if not (ours or (isinstance(source, type) and issubclass(source, Model))):
            raise _refused(
                "SD-214",
                seed,
                f"{bulk.factory.__name__}.{name} takes rows from {source!r}, which is neither a "
                "model nor what an earlier s.bulk of this seed returned.",
                f"{name}=s.pool(Model), or the result of an s.bulk above.",
            )
        _same_model(seed, bulk, name, source.model if isinstance(source, Rows) else source)
    if isinstance(value, New) and name not in dict(anatomy.related(bulk.factory)):
        raise _refused(
            "SD-215",
            seed,
            f"{bulk.factory.__name__}.{name} is no SubFactory, so s.new() cannot make anything.",
            f"{name}=s.pool(Model)",
        )


def _same_model(seed: str, bulk: Bulk, name: str, drawn: type[Model]) -> None:
    try:
        field = anatomy.model_of(bulk.factory)._meta.get_field(name)
    except FieldDoesNotExist:  # a parameter of the factory: whatever it is good for
        return
    wanted = field.related_model
    if isinstance(wanted, type) and not issubclass(drawn, wanted):
        raise _refused(
            "SD-216",
            seed,
            f"{bulk.factory.__name__}.{name} refers to {wanted._meta.label}, and is given rows of "
            f"{drawn._meta.label}.",
            f"{name}=s.pool({wanted.__name__})",
        )


def _sub_factories(seed: str, bulk: Bulk) -> None:
    for name, other in anatomy.related(bulk.factory):
        if name in bulk.overrides or name in bulk.factory._meta.exclude:
            continue
        model = anatomy.model_of(other).__name__
        raise _refused(
            "SD-217",
            seed,
            f"{bulk.factory.__name__}.{name} is a SubFactory ({other.__name__}): one {model} for "
            f"each {anatomy.model_of(bulk.factory).__name__}. In bulk that is to be said.",
            f"{name}=s.pool({model}) for one of those that are there,",
            f"{name}=s.new() for a new one each time.",
        )


def _refused(code: str, seed: str, problem: str, *remedy: str) -> Refused:
    return Refused(
        code, f"The seed {seed}: {problem}", next=(*remedy, "python manage.py seed --plan")
    )
