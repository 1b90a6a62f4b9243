"""Safe ways to add a column with constraints beside it, and constraints to a table. Pure."""

from safe_migrate.facts.danger import Lock, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import (
    ActionKind,
    Column,
    Constraint,
    ConstraintKind,
    Kind,
    Volatility,
)
from safe_migrate.hazards import names, steps
from safe_migrate.hazards.words import quoted, standing

VALIDATED_ON_PARTITIONS = 18
"""The first major version with NOT VALID foreign keys on partitioned tables."""


def steps_of(situation: Situation) -> tuple[Step, ...]:
    """The steps for an ALTER TABLE that adds one thing; nothing where there is no safe way."""
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if statement.kind is not Kind.ALTER_TABLE or len(statement.actions) != 1 or table is None:
        return ()
    [action] = statement.actions
    if action.kind is ActionKind.ADD_CONSTRAINT and action.constraint:
        return constraint(situation, table, action.constraint)
    if action.kind is ActionKind.ADD_COLUMN and action.column:
        return _column(situation, table, action.column)
    return ()


def constraint(situation: Situation, table: Table, added: Constraint) -> tuple[Step, ...]:
    """A constraint on columns that are there."""
    name = names.of(situation.database, situation.statement.table, added)
    if not name or added.not_valid or added.using_index:
        return ()
    if added.kind in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY):
        return _unique(situation, table, added, name)
    if added.kind is ConstraintKind.CHECK:
        return _validated(situation, added, name, Lock.ACCESS_EXCLUSIVE)
    if added.kind is ConstraintKind.FOREIGN_KEY:
        if table.partitions and situation.database.major < VALIDATED_ON_PARTITIONS:
            return ()
        return _validated(situation, added, name, Lock.SHARE_ROW_EXCLUSIVE)
    return ()


def _unique(situation: Situation, table: Table, added: Constraint, name: str) -> tuple[Step, ...]:
    known = [table.columns[column] for column in added.columns if column in table.columns]
    needs_scan = added.kind is ConstraintKind.PRIMARY_KEY and (
        len(known) < len(added.columns) or not all(column.not_null for column in known)
    )
    if table.partitions or needs_scan or not added.columns:
        return ()
    written = situation.statement.table
    return (
        steps.unique_index(written, name, added),
        steps.constraint_on_index(written, name, added),
    )


def _validated(situation: Situation, added: Constraint, name: str, lock: Lock) -> tuple[Step, ...]:
    written = situation.statement.table
    return (
        steps.not_valid(written, name, added.definition, lock),
        steps.validate(written, name),
    )


def _column(situation: Situation, table: Table, column: Column) -> tuple[Step, ...]:
    """The column alone first, then each constraint that is written beside it."""
    if not column.constraints or column.generated or column.identity:
        return ()
    if column.volatility is Volatility.VOLATILE or (column.not_null and not column.default):
        return ()
    if column.default and any(c.kind is ConstraintKind.UNIQUE for c in column.constraints):
        return ()  # one value for all rows: the plain form fails as well
    made = [_bare(situation.statement.table, column)]
    for beside in column.constraints:
        further = constraint(situation, table, beside)
        if not further:
            return ()
        made += further
    return tuple(made)


def _bare(table: str, column: Column) -> Step:
    collation = f" COLLATE {_collation(column.collation)}" if column.collation else ""
    default = f" DEFAULT {column.default}" if column.default else ""
    required = " NOT NULL" if column.not_null else ""
    return steps.brief(
        f"ALTER TABLE {table} ADD COLUMN {quoted(column.name)} {column.type}"
        f"{collation}{default}{required}",
        steps.column_is(table, column.name, "true"),
        f"ALTER TABLE {table} DROP COLUMN {quoted(column.name)}",
    )


def _collation(name: str) -> str:
    schema, _, bare = name.partition("pg_catalog.")
    return f"pg_catalog.{quoted(bare)}" if bare and not schema else quoted(name)
