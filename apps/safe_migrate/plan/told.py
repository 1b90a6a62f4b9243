"""Django's operations as hazards are told of them: classes, tables and fields, from the states."""

from typing import Any

from django.db import models
from django.db.backends.utils import truncate_name
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation as DjangoOperation
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter, OperationWriter

from safe_migrate.facts.danger import Field, Operation

NAME_LENGTH = 63
"""Of a name in PostgreSQL, in bytes (manual, 4.1.1); Django counts characters."""


def operation(
    django: DjangoOperation,
    migration: Migration,
    number: int,
    before: ProjectState,
    after: ProjectState,
    **known: Any,
) -> Operation:
    """An operation that goes from one state to another; `known` are further fields of the fact."""
    app = migration.app_label
    old_model, new_model = _models(django)
    from_model = before.models.get((app, old_model)) or before.models.get((app, new_model))
    to_model = after.models.get((app, new_model)) or after.models.get((app, old_model))
    old_field, new_field = _fields(django)
    model = from_model or to_model
    return Operation(
        kind=type(django).__name__,
        app=app,
        migration=migration.name,
        number=number,
        atomic=migration.atomic,
        reversible=django.reversible,
        model=model.name if model else "",
        table=_table(model) if model else "",
        before=_field(from_model, old_field) or _field(from_model, new_field),
        after=_field(to_model, new_field) or _field(to_model, old_field),
        elidable=django.elidable,
        kinds=tuple(type(each).__name__ for each in migration.operations),
        code=_code(django),
        **known,
    )


_LONG = ("CreateModel", "RunPython", "SeparateDatabaseAndState")
"""Nobody is told to write these otherwise, and some take long to print."""


def _code(django: DjangoOperation) -> str:
    """The operation as makemigrations would write it; empty where it cannot be."""
    if type(django).__name__ in _LONG:
        return ""
    try:
        written, _ = OperationWriter(django, indentation=0).serialize()
    except Exception:  # whatever a third party's operation raises is its own affair
        return ""
    return str(written).removesuffix(",")


def _models(django: DjangoOperation) -> tuple[str, str]:
    """The names, in lower case, of the model before and after; those of a RenameModel differ."""
    given: Any = django
    if hasattr(given, "old_name") and not hasattr(given, "model_name"):
        return str(given.old_name).lower(), str(given.new_name).lower()
    name = str(getattr(given, "model_name", None) or getattr(given, "name", "") or "").lower()
    return name, name


def _fields(django: DjangoOperation) -> tuple[str, str]:
    """The names of the field before and after; those of a RenameField differ."""
    given: Any = django
    if type(django).__name__ == "RenameField":
        return str(given.old_name), str(given.new_name)
    is_field = hasattr(given, "model_name") and (
        hasattr(given, "field") or hasattr(given, "is_same_field_operation")
    )
    name = str(getattr(given, "name", "")) if is_field else ""
    return name, name


def _table(model: ModelState) -> str:
    given = model.options.get("db_table")
    name = given or f"{model.app_label}_{model.name.lower()}"
    return str(truncate_name(name, NAME_LENGTH))


def _field(model: ModelState | None, name: str) -> Field | None:
    """A field of a model's state, which is not bound to a model and so does not know its name."""
    known: Any = model.fields.get(name) if model and name else None
    if known is None:
        return None
    return Field(
        name=name,
        column=_column(known, name),
        kind=type(known).__name__,
        null=known.null,
        unique=known.unique,
        db_index=known.db_index,
        has_default=known.has_default(),
        callable_default=known.has_default() and callable(known.default),
        has_db_default=known.db_default is not models.NOT_PROVIDED,
        max_length=known.max_length,
        relation=_relation(known),
        db_constraint=bool(getattr(known.remote_field, "db_constraint", True))
        and bool(getattr(known, "db_constraint", True)),
        primary_key=known.primary_key,
        source=_written(known),
    )


def _written(known: Any) -> str:
    """The field as a migration writes it; empty for what cannot be written."""
    try:
        return str(MigrationWriter.serialize(known)[0])
    except ValueError:
        return ""


def _column(known: Any, name: str) -> str:
    if known.many_to_many:
        return ""
    return str(known.db_column or (f"{name}_id" if known.remote_field else name))


def _relation(known: Any) -> str:
    for relation in ("many_to_many", "one_to_one", "many_to_one"):
        if getattr(known, relation, False):
            return relation.replace("_", " ")
    return ""
