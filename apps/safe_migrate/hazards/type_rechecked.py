"""ALTER COLUMN TYPE that leaves the rows and reads them all, to check a CHECK again."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation, Step
from safe_migrate.facts.database import ExistingConstraint, Table
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind
from safe_migrate.hazards import steps as safe
from safe_migrate.hazards.altered import changed
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import by_steps
from safe_migrate.hazards.column_types import Change
from safe_migrate.hazards.fields import old_type
from safe_migrate.hazards.words import (
    actions,
    lasting,
    literal,
    quoted,
    rows_ms,
    shown,
    size,
    standing,
)

CODE = "SM-H208"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        checks = _checks(situation, table, action)
        if not checks:
            continue
        milliseconds = rows_ms(table, situation.database.costs.scan)
        names = " and ".join(quoted(check.name) for check in checks)
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"every row of {shown(table.name)} ({size(table)}) is read, to check {names} again"
                f" for {quoted(action.name)}: reads and writes wait {lasting(table, milliseconds)}"
            ),
            held_ms=None if table.assumed else milliseconds,
            instead=(
                "Put the constraint back as NOT VALID in the same statement, which holds for new"
                " rows at once.",
                "Validate it afterwards: reads and writes go on meanwhile.",
            ),
            code_instead=by_steps(situation, _rewrite(situation)),
        )


def _checks(situation: Situation, table: Table, action: Action) -> list[ExistingConstraint]:
    """Those that are checked again: valid, on the column, and not dropped by the same statement."""
    if changed(situation, action) not in (Change.NONE, Change.INDEXES):
        return []
    dropped = {each.name for each in actions(situation.statement, ActionKind.DROP_CONSTRAINT)}
    return [
        constraint
        for constraint in table.constraints
        if constraint.kind is ConstraintKind.CHECK
        and constraint.validated
        and action.name in constraint.columns
        and constraint.name not in dropped
    ]


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None or len(statement.actions) != 1:
        return ()
    [action] = statement.actions
    checks = _checks(situation, table, action) if action.kind is ActionKind.ALTER_TYPE else []
    if not checks or action.column is None:
        return ()
    column = action.column
    collation = f" COLLATE {quoted(column.collation)}" if column.collation else ""
    using = f" USING {action.using}" if action.using else ""
    parts = [f"DROP CONSTRAINT {quoted(check.name)}" for check in checks]
    parts.append(f"ALTER COLUMN {quoted(action.name)} TYPE {column.type}{collation}{using}")
    parts += [
        f"ADD CONSTRAINT {quoted(check.name)} {check.definition} NOT VALID" for check in checks
    ]
    first = safe.brief(
        f"ALTER TABLE {statement.table} {', '.join(parts)}",
        "SELECT NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid ="
        f" to_regclass({literal(statement.table)}) AND convalidated AND conname IN"
        f" ({', '.join(literal(check.name) for check in checks)}))",
        f"ALTER TABLE {statement.table} ALTER COLUMN {quoted(action.name)} TYPE"
        f" {old_type(situation, action)}",
    )
    return (first, *(safe.validate(statement.table, check.name) for check in checks))


HAZARD = Hazard(
    code=CODE,
    title="Type change checks rows again",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why=(
        "PostgreSQL checks a CHECK on the column again after every ALTER COLUMN TYPE, even a"
        " harmless one: a longer varchar, or the type that it has already, which Django writes for"
        " a change of db_comment. A PositiveIntegerField brings such a CHECK."
    ),
    remedy="Drop the CHECK, change the type, add it NOT VALID in one statement; validate it then.",
    find=_find,
    rewrite=_rewrite,
)
