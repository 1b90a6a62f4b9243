"""A collected plan as what hazards look at: each statement with the database that it will meet.

The database is carried on from statement to statement. An operation without SQL is looked at too:
its statement is one without words.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from safe_migrate.facts import PlannedMigration, PlannedOperation
from safe_migrate.facts.danger import Operation, Situation
from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.plan import carry, parse

_CHANGES_ROWS = {Kind.INSERT, Kind.UPDATE, Kind.DELETE, Kind.MERGE, Kind.TRUNCATE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """A situation and where in the plan it is met."""

    migration: int
    operation: int
    statement: int | None
    """Which of the operation's statements, from 0; None where it has none."""
    situation: Situation
    rows_changed: frozenset[str] | None = frozenset()
    """Tables whose rows the plan changes before it; None where Python code may change any."""


def named(plan: tuple[PlannedMigration, ...]) -> frozenset[str]:
    """Every table, view and index that the plan names, as it writes them."""
    return frozenset(
        name
        for migration in plan
        for operation in migration.operations
        for text in operation.statements
        for statement in parse.statements(text)
        for name in (*statement.tables, statement.name if '"' in statement.name else "")
        if name
    ) | frozenset(
        f'"{operation.told.table}"'
        for migration in plan
        for operation in migration.operations
        if operation.told and operation.told.table
    )


def situations(plan: tuple[PlannedMigration, ...], database: Database) -> Iterator[Met]:
    """Each statement of the plan in the order in which it runs."""
    changed: frozenset[str] | None = frozenset()
    for place, migration in enumerate(plan):
        earlier: tuple[Statement, ...] = ()
        for operation, told, number, statement in _statements(migration):
            yield Met(
                migration=place,
                operation=operation,
                statement=number,
                situation=Situation(
                    statement=statement,
                    operation=told,
                    database=database,
                    earlier=earlier if migration.atomic else (),
                ),
                rows_changed=changed,
            )
            changed = _rows_changed(changed, statement, database)
            database = carry.after(database, statement)
            earlier = (*earlier, statement)


_Placed = tuple[int, Operation, int | None, Statement]


def _statements(migration: PlannedMigration) -> Iterator[_Placed]:
    """The statements as they run: what Django defers comes at the end."""
    deferred: list[_Placed] = []
    for place, operation in enumerate(migration.operations):
        if operation.told is None:
            continue
        parsed = list(_parsed(operation))
        told = replace(operation.told, statements=tuple(statement for _, statement in parsed))
        for number, statement in parsed:
            if number is not None and number >= len(operation.statements) - operation.deferred:
                later = replace(statement, deferred=True)
                deferred.append((place, told, number, later))
            else:
                yield place, told, number, statement
    yield from deferred


def _parsed(operation: PlannedOperation) -> Iterator[tuple[int | None, Statement]]:
    if operation.opaque:
        yield None, Statement(sql="", kind=Kind.CODE)
    for number, text in enumerate(operation.statements):
        together = parse.statements(text)
        for statement in together:
            yield number, replace(statement, joined=len(together) > 1)
    if not (operation.opaque or operation.statements):
        yield None, Statement(sql="", kind=Kind.NOTHING)


def _rows_changed(
    so_far: frozenset[str] | None, statement: Statement, database: Database
) -> frozenset[str] | None:
    if so_far is None or statement.kind in (Kind.CODE, Kind.UNKNOWN):
        return None
    if statement.kind in _CHANGES_ROWS:
        return so_far | {carry.qualified(database, name) for name in statement.tables}
    return so_far
