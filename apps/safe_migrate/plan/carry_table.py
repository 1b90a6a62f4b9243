"""One table as a statement, or one action of ALTER TABLE, leaves it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from safe_migrate.facts.database import (
    ExistingColumn,
    ExistingConstraint,
    ExistingIndex,
    Table,
)
from safe_migrate.facts.statement import (
    Action,
    ActionKind,
    Column,
    Constraint,
    ConstraintKind,
    Statement,
)
from safe_migrate.plan.parse import columns_in

_WITH_INDEX = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION)
_SUFFIX = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.EXCLUSION: "excl",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.NOT_NULL: "not_null",
    ConstraintKind.PRIMARY_KEY: "pkey",
    ConstraintKind.UNIQUE: "key",
}
"""How PostgreSQL ends the names it chooses (ChooseIndexName, ChooseConstraintName)."""
_FORMATTED = {
    "bool": "boolean",
    "bigserial": "bigint",
    "bit": "bit",
    "char": "character",
    "decimal": "numeric",
    "float8": "double precision",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial": "integer",
    "smallserial": "smallint",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varchar": "character varying",
}


def formatted(type_: str) -> str:
    """A type as format_type writes it: varchar(20) is character varying(20)."""
    match = re.fullmatch(r"(\w+)(\s*\(.*\))?(\[\])?", type_)
    if not match:
        return type_
    modifiers = (match[2] or "").replace(", ", ",")
    return f"{_FORMATTED.get(match[1].lower(), match[1])}{modifiers}{match[3] or ''}"


def made(name: str, statement: Statement) -> Table:
    """The table that a CREATE TABLE makes: new, and empty."""
    table = Table(name=name, rows=0, bytes=0, new=True)
    for column in statement.columns:
        table = _with_column(table, column)
    for constraint in statement.constraints:
        table = _with_constraint(table, constraint)
    return table


def resolved(table: Table, qualified: Callable[[str], str]) -> Table:
    """With the full names of the tables that its foreign keys point to."""
    constraints = tuple(
        replace(each, references=qualified(each.references)) if each.references else each
        for each in table.constraints
    )
    return replace(table, constraints=constraints)


def acted(table: Table, action: Action) -> Table:
    """The table after one action of ALTER TABLE."""
    if action.kind is ActionKind.ADD_COLUMN and action.column:
        return table if action.name in table.columns else _with_column(table, action.column)
    if action.kind is ActionKind.ADD_CONSTRAINT and action.constraint:
        return _with_constraint(table, action.constraint)
    if action.kind is ActionKind.DROP_COLUMN:
        return _without_column(table, action.name)
    if action.kind is ActionKind.DROP_CONSTRAINT:
        return _without_constraint(table, action.name)
    if action.kind is ActionKind.VALIDATE_CONSTRAINT:
        return _constraint_changed(table, action.name, validated=True)
    return _column_altered(table, action)


def _column_altered(table: Table, action: Action) -> Table:
    column = table.columns.get(action.name)
    if column is None:
        return table
    changed = {
        ActionKind.SET_NOT_NULL: replace(column, not_null=True),
        ActionKind.DROP_NOT_NULL: replace(column, not_null=False),
        ActionKind.SET_DEFAULT: replace(column, has_default=True),
        ActionKind.DROP_DEFAULT: replace(column, has_default=False),
        ActionKind.DROP_EXPRESSION: replace(column, generated=False),
    }.get(action.kind, column)
    if action.kind is ActionKind.ALTER_TYPE and action.column:
        changed = replace(column, type=formatted(action.column.type))
    return replace(table, columns={**table.columns, action.name: changed})


def _with_column(table: Table, column: Column) -> Table:
    key = any(each.kind is ConstraintKind.PRIMARY_KEY for each in column.constraints)
    there = ExistingColumn(
        name=column.name,
        type=formatted(column.type),
        not_null=column.not_null or key or column.identity,
        has_default=bool(column.default) or bool(column.generated) or "serial" in column.type,
        generated=bool(column.generated),
        identity=column.identity,
    )
    table = replace(table, columns={**table.columns, column.name: there})
    for constraint in column.constraints:
        named = constraint if constraint.columns else replace(constraint, columns=(column.name,))
        table = _with_constraint(table, named)
    return table


def _with_constraint(table: Table, constraint: Constraint) -> Table:
    adopted = next((i for i in table.indexes if i.name == constraint.using_index), None)
    columns = constraint.columns or (adopted.columns if adopted else ())
    columns = columns or columns_in(constraint.expression)
    name = constraint.name or constraint.using_index or _chosen(table, constraint)
    added = ExistingConstraint(
        name=name,
        kind=constraint.kind,
        columns=columns,
        references=constraint.references,
        validated=not constraint.not_valid,
        definition=f"CHECK ({constraint.expression})" if constraint.expression else "",
    )
    primary = constraint.kind is ConstraintKind.PRIMARY_KEY
    required = primary or (constraint.kind is ConstraintKind.NOT_NULL and not constraint.not_valid)
    known: Mapping[str, ExistingColumn] = {
        each.name: replace(each, not_null=each.not_null or (required and each.name in columns))
        for each in table.columns.values()
    }
    indexes = tuple(index for index in table.indexes if index is not adopted)
    if constraint.kind in _WITH_INDEX:
        unique = constraint.kind is not ConstraintKind.EXCLUSION
        size = adopted.bytes if adopted else 0
        indexes += (
            ExistingIndex(name=name, columns=columns, unique=unique, primary=primary, bytes=size),
        )
    return replace(table, constraints=(*table.constraints, added), indexes=indexes, columns=known)


def _chosen(table: Table, constraint: Constraint) -> str:
    bare = table.name.rsplit('."', 1)[-1].strip('"')
    columns = () if constraint.kind is ConstraintKind.PRIMARY_KEY else constraint.columns
    return "_".join([bare, *columns, _SUFFIX[constraint.kind]])


def _without_column(table: Table, name: str) -> Table:
    return replace(
        table,
        columns={key: column for key, column in table.columns.items() if key != name},
        indexes=tuple(index for index in table.indexes if name not in index.columns),
        constraints=tuple(each for each in table.constraints if name not in each.columns),
        dependents=tuple(each for each in table.dependents if each.column != name),
    )


def _without_constraint(table: Table, name: str) -> Table:
    gone = [each for each in table.constraints if each.name == name]
    required = {c for each in gone if each.kind is ConstraintKind.NOT_NULL for c in each.columns}
    return replace(
        table,
        columns={
            key: replace(column, not_null=column.not_null and key not in required)
            for key, column in table.columns.items()
        },
        constraints=tuple(each for each in table.constraints if each.name != name),
        indexes=tuple(index for index in table.indexes if index.name != name),
    )


def _constraint_changed(table: Table, name: str, *, validated: bool) -> Table:
    changed = tuple(
        replace(each, validated=validated) if each.name == name else each
        for each in table.constraints
    )
    required = {
        column
        for each in changed
        if each.name == name and each.kind is ConstraintKind.NOT_NULL
        for column in each.columns
    }
    columns = {
        key: replace(column, not_null=column.not_null or key in required)
        for key, column in table.columns.items()
    }
    return replace(table, constraints=changed, columns=columns)


def with_index(table: Table, statement: Statement) -> Table:
    """With the index that a CREATE INDEX makes."""
    names = tuple(column.name for column in statement.columns)
    added = ExistingIndex(
        name=statement.name,
        columns=(*names, "") if statement.expressions else names,
        unique=statement.unique,
        partial=bool(statement.condition),
        uses=tuple(name for name in columns_in(statement.condition) if name not in names),
    )
    return replace(table, indexes=(*table.indexes, added))


def without_index(table: Table, name: str) -> Table:
    """Without one of its indexes."""
    return replace(table, indexes=tuple(index for index in table.indexes if index.name != name))


def without_references(table: Table, gone: set[str]) -> Table:
    """Without the foreign keys to tables that are dropped, and without theirs to it."""
    referenced = tuple(name for name in table.referenced_by if name not in gone)
    constraints = tuple(each for each in table.constraints if each.references not in gone)
    if referenced == table.referenced_by and len(constraints) == len(table.constraints):
        return table
    return replace(table, referenced_by=referenced, constraints=constraints)


def pointing_elsewhere(table: Table, old: str, new: str) -> Table:
    """With the new name of a table that it points to, or that points to it."""
    return replace(
        table,
        referenced_by=tuple(new if name == old else name for name in table.referenced_by),
        constraints=tuple(
            replace(each, references=new) if each.references == old else each
            for each in table.constraints
        ),
    )


def renamed_column(table: Table, old: str, new: str) -> Table:
    """With another name for a column, wherever it is used."""

    def names(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in columns)

    return replace(
        table,
        columns={
            (new if key == old else key): (replace(column, name=new) if key == old else column)
            for key, column in table.columns.items()
        },
        indexes=tuple(replace(each, columns=names(each.columns)) for each in table.indexes),
        constraints=tuple(replace(each, columns=names(each.columns)) for each in table.constraints),
        dependents=tuple(
            replace(each, column=new) if each.column == old else each for each in table.dependents
        ),
    )


def renamed_constraint(table: Table, old: str, new: str) -> Table:
    """With another name for a constraint, and for its index."""
    table = renamed_index(table, old, new)
    return replace(
        table,
        constraints=tuple(
            replace(each, name=new) if each.name == old else each for each in table.constraints
        ),
    )


def renamed_index(table: Table, old: str, new: str) -> Table:
    """With another name for an index, and for its constraint."""
    return replace(
        table,
        indexes=tuple(
            replace(each, name=new) if each.name == old else each for each in table.indexes
        ),
        constraints=tuple(
            replace(each, name=new) if each.name == old and each.kind in _WITH_INDEX else each
            for each in table.constraints
        ),
    )
