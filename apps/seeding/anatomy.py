"""What a factory is made of: the only place that looks inside factory_boy's declarations."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from factory import declarations
from factory.django import DjangoModelFactory

from seeding.declare import AnyFactory


def is_factory(value: Any) -> bool:
    """Whether it can make rows: a factory of a Django model that is not abstract."""
    if not (isinstance(value, type) and issubclass(value, DjangoModelFactory)):
        return False
    factory: Any = value
    if factory._meta.abstract:
        return False
    model = factory._meta.get_model_class()
    return isinstance(model, type) and issubclass(model, Model)


def model_of(factory: AnyFactory) -> type[Model]:
    """The model whose rows the factory makes."""
    model: type[Model] = factory._meta.get_model_class()
    return model


def names(factory: AnyFactory) -> set[str]:
    """What a caller can override: declarations, parameters, the model's fields."""
    meta = factory._meta
    known = {*meta.pre_declarations, *meta.post_declarations, *meta.parameters, "pk"}
    for field in model_of(factory)._meta.concrete_fields:
        known |= {field.name, field.attname}
    return known


def declared(factory: AnyFactory) -> Iterator[tuple[str, Any]]:
    """(field, declaration) for everything the factory declares, what is nested included."""
    meta = factory._meta
    for group in (meta.pre_declarations, meta.post_declarations):
        for entry in group.values():
            for declaration in (entry.declaration, *entry.context.values()):
                yield from _nested(entry.name, declaration)


def _nested(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, declarations.Maybe):
        for branch in (value.decider, value.yes, value.no):
            yield from _nested(name, branch)
    if isinstance(value, declarations.Transformer):
        yield from _nested(name, value.default)
    if isinstance(value, declarations.BaseDeclaration):
        for given in value._defaults.values():
            yield from _nested(name, given)


def after_creation(factory: AnyFactory) -> tuple[str, ...]:
    """Declarations that do something once the row is there."""
    return tuple(factory._meta.post_declarations)


def related(factory: AnyFactory) -> Iterator[tuple[str, AnyFactory]]:
    """(field, factory) for each SubFactory that makes a row of another model before the row."""
    after = after_creation(factory)
    for name, value in declared(factory):
        if isinstance(value, declarations.SubFactory) and name not in after:
            other = value.get_factory()
            if is_factory(other):
                yield name, other


def family(factory: AnyFactory) -> list[AnyFactory]:
    """The factory with every factory that it can call, each once, itself first."""
    found: list[AnyFactory] = []
    waiting = [factory]
    while waiting:
        current = waiting.pop(0)
        if current in found:
            continue
        found.append(current)
        for _, value in declared(current):
            other = getattr(value, "get_factory", lambda: None)()
            if other is not None:
                waiting.append(other)
    return found


def rewind(factory: AnyFactory) -> None:
    """Set iterators back to their first value."""
    for _, value in declared(factory):
        if isinstance(value, declarations.Iterator):
            value.reset()
