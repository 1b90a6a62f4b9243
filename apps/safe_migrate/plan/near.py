"""The part of a project's state that a migration's operations can see.

Django renders every model anew that is related to a changed one, and copies the whole state before
each operation: with two thousand models that is a second for each. What an operation emits depends
on its models, on those they point to and, where a key may change, on those that point to them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.utils import resolve_relation

Key = tuple[str, str]

_OWN = ("django.db.migrations.operations", "django.contrib.postgres.operations")
_LOOKS_AHEAD = {
    "AddConstraint", "AddConstraintNotValid", "AddField", "AddIndex", "AddIndexConcurrently",
    "CreateModel", "RemoveConstraint", "RemoveIndex", "RemoveIndexConcurrently", "RunPython",
    "RunSQL", "ValidateConstraint",
}  # fmt: skip
"""What these emit does not depend on those who point to their model."""


def near(migration: Migration, state: ProjectState) -> ProjectState:
    """The state with what the migration can see; all of it where that cannot be told."""
    operations = list(_all(migration.operations))
    own = all(type(each).__module__.startswith(_OWN) for each in operations)
    if not own or not all(_looks_ahead(each, migration.app_label, state) for each in operations):
        return state.clone()
    wanted: set[Key] = set()
    todo = {key for each in operations for key in _touched(each, migration.app_label)}
    while todo:
        key = todo.pop()
        wanted.add(key)
        if model := state.models.get(key):
            todo |= set(_pointed_at(model)) - wanted
    models = {key: state.models[key].clone() for key in wanted if key in state.models}
    return ProjectState(models=models, real_apps=state.real_apps)


def _all(operations: Iterable[Operation]) -> Iterator[Operation]:
    """With those inside others."""
    for operation in operations:
        given: Any = operation
        yield operation
        yield from _all(getattr(given, "database_operations", None) or ())
        yield from _all(getattr(given, "state_operations", None) or ())


def _looks_ahead(operation: Operation, app_label: str, state: ProjectState) -> bool:
    given: Any = operation
    kind = type(operation).__name__
    if kind == "AlterField":
        model = state.models.get((app_label, given.model_name.lower()))
        before: Any = model.fields.get(given.name) if model else None
        return bool(before) and not any(
            field.primary_key or field.unique or field.remote_field
            for field in (before, given.field)
        )
    return kind in _LOOKS_AHEAD or kind == "SeparateDatabaseAndState"


def _touched(operation: Operation, app_label: str) -> Iterator[Key]:
    """The models that an operation is about, and those that its new fields point to."""
    given: Any = operation
    name = getattr(given, "model_name", None)
    if name is None and type(operation).__name__ == "CreateModel":
        name = given.name
        state = ModelState(app_label, name, given.fields, given.options, given.bases)
        yield from _pointed_at(state)
    if name is not None:
        yield (app_label, name.lower())
    if hasattr(given, "field"):
        yield from _related(given.field, app_label, name or "")


def _pointed_at(model: ModelState) -> Iterator[Key]:
    for base in model.bases:
        if isinstance(base, str):
            yield resolve_relation(base, model.app_label, model.name_lower)
    for field in model.fields.values():
        yield from _related(field, model.app_label, model.name_lower)


def _related(field: Any, app_label: str, model_name: str) -> Iterator[Key]:
    if remote := getattr(field, "remote_field", None):
        for other in (remote.model, getattr(remote, "through", None)):
            if other:
                yield resolve_relation(other, app_label, model_name.lower())
