"""SET NOT NULL: every row is read under ACCESS EXCLUSIVE, and NULLs of old code fail afterwards."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind
from safe_migrate.hazards import code, names, steps
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import (
    actions,
    added_columns,
    lasting,
    pass_ms,
    quoted,
    shown,
    size,
    standing,
)

CODE = "SM-H111"
NAMED_NOT_NULL = 18
"""The first major version in which NOT NULL is a constraint that can be NOT VALID."""


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.SET_NOT_NULL):
        known = table.columns.get(action.name)
        if known and known.not_null and not _unvalidated(table, action.name):
            continue
        name = f"{quoted(action.name)} of {shown(table.name)}"
        if not _proved(table, action.name):
            held = pass_ms(table, database.costs.scan)
            yield Danger(
                code=CODE,
                effect=Effect.SCAN,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=f"every row of {shown(table.name)} ({size(table)}) is read to see that"
                f" {quoted(action.name)} is not NULL, under ACCESS EXCLUSIVE: reads and writes"
                f" wait {lasting(table, held)}",
                held_ms=held,
                instead=(
                    "Add a check (column IS NOT NULL) NOT VALID and validate it while others read"
                    " and write: SET NOT NULL then reads no row.",
                ),
                code_instead=_code(situation),
                phase=Phase.CONTRACT,
            )
        if action.name not in added_columns(situation, statement.table):
            yield Danger(
                code=CODE,
                effect=Effect.BREAKS_OLD_CODE,
                table=table.name,
                lock=Lock.NONE,
                what=f"the old code may write NULL into {name}: that fails from then on",
                instead=("Deploy code that always writes a value first.",),
                phase=Phase.CONTRACT,
            )


def _unvalidated(table: Table, column: str) -> bool:
    """NOT NULL … NOT VALID of PostgreSQL 18 counts as NOT NULL in the catalog already."""
    return any(
        each.kind is ConstraintKind.NOT_NULL and each.columns == (column,) and not each.validated
        for each in table.constraints
    )


def _proved(table: Table, column: str) -> bool:
    """Whether a validated check says so: then PostgreSQL reads no row (manual, ALTER TABLE)."""
    definitions = {f"CHECK (({name} IS NOT NULL))" for name in (column, quoted(column))}
    return any(each.validated and each.definition in definitions for each in table.constraints)


def _code(situation: Situation) -> str:
    safe = _rewrite(situation)
    return code.by_steps(situation, safe) if safe else ""


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if statement.kind is not Kind.ALTER_TABLE or len(statement.actions) != 1 or table is None:
        return ()
    [action] = statement.actions
    if action.kind is not ActionKind.SET_NOT_NULL or _proved(table, action.name):
        return ()
    column = quoted(action.name)
    label = "not_null" if database.major >= NAMED_NOT_NULL else "check"
    name = names.chosen(database, statement.table, (action.name,), label)
    if database.major >= NAMED_NOT_NULL:
        return (
            steps.not_valid(statement.table, name, f"NOT NULL {column}", Lock.ACCESS_EXCLUSIVE),
            steps.validate(statement.table, name),
        )
    check = f"CHECK ({column} IS NOT NULL)"
    # The check is only there for a while: to take all back, NOT NULL has to go and nothing else.
    return (
        steps.not_valid(statement.table, name, check, Lock.ACCESS_EXCLUSIVE, for_a_while=True),
        steps.validate(statement.table, name),
        steps.brief(
            f"ALTER TABLE {statement.table} ALTER COLUMN {column} SET NOT NULL",
            steps.column_is(statement.table, action.name, "attnotnull"),
            f"ALTER TABLE {statement.table} ALTER COLUMN {column} DROP NOT NULL",
        ),
        steps.dropped_constraint(statement.table, name),
    )


HAZARD = Hazard(
    code=CODE,
    title="NOT NULL checked under a lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN, Effect.BREAKS_OLD_CODE),
    why="SET NOT NULL reads every row under ACCESS EXCLUSIVE, to see that none is NULL: reads and"
    " writes wait. And the old code, for which the column may be NULL, still writes NULLs until"
    " it is gone; each of them fails from then on.",
    remedy="Deploy code that writes no NULL. Then ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID;"
    " VALIDATE CONSTRAINT; SET NOT NULL, which reads no row since the check proves it; DROP"
    " CONSTRAINT. PostgreSQL 18 takes ADD CONSTRAINT … NOT NULL … NOT VALID at once.",
    find=_find,
    rewrite=_rewrite,
)
