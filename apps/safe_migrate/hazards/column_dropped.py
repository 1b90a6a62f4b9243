"""DROP COLUMN: the old code still names it, and its values are gone."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is, call, listed, operations
from safe_migrate.hazards.words import (
    BRIEF_MS,
    actions,
    added_columns,
    quoted,
    shown,
    size,
    standing,
)

CODE = "SM-H304"
_STATE_FIRST = (
    "Take the field out of the models and out of the state first, and release that.",
    "Drop the column in the release after, when no code names it.",
)
_KEPT = ("Make sure that nobody needs them. The backup that safe_migrate takes first has them.",)


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None:
        return
    added = added_columns(situation, statement.table)
    for action in actions(statement, ActionKind.DROP_COLUMN):
        if action.name in added:
            continue
        name = f"{quoted(action.name)} of {shown(table.name)}"
        told = {
            Effect.BREAKS_OLD_CODE: (
                f"column {name} goes: every query of the old code that names it fails from then"
                " on, and Django names all columns"
            ),
        }
        if table.rows:
            told[Effect.LOSES_DATA] = (
                f"the values of {name} ({size(table)}) are lost; taking the migration back brings"
                " an empty column"
            )
        for effect, what in told.items():
            breaks = effect is Effect.BREAKS_OLD_CODE
            yield Danger(
                code=CODE,
                effect=effect,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=what,
                held_ms=BRIEF_MS,
                instead=_STATE_FIRST if breaks else _KEPT,
                code_instead=_code(situation, action.name) if breaks else "",
                phase=Phase.CONTRACT,
            )


def _code(situation: Situation, name: str) -> str:
    operation = situation.operation
    if operation.kind != "RemoveField":
        return ""
    state = call(
        "migrations.SeparateDatabaseAndState", listed("state_operations", [as_it_is(operation)])
    )
    column = operation.before
    if column and not column.null and not column.has_db_default:
        state = call(
            "migrations.SeparateDatabaseAndState",
            listed("database_operations", [_relaxed(situation.statement.table, name)]),
            listed("state_operations", [as_it_is(operation)]),
        )
    drop = call(
        "migrations.RunSQL",
        repr(f"ALTER TABLE {situation.statement.table} DROP COLUMN {quoted(name)}"),
        "reverse_sql=migrations.RunSQL.noop",
    )
    return f"# this release\n{operations(state)}\n# the next release\n{operations(drop)}"


def _relaxed(table: str, name: str) -> str:
    sql = f"ALTER TABLE {table} ALTER COLUMN {quoted(name)} DROP NOT NULL"
    return call("migrations.RunSQL", repr(sql), "reverse_sql=migrations.RunSQL.noop")


HAZARD = Hazard(
    code=CODE,
    title="Column dropped",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE, Effect.LOSES_DATA),
    why=(
        "Django names every column of a model in SELECT and INSERT. Code that still runs, or that a"
        " rollback brings back, fails on every query of the model once one column is gone. The"
        " values are gone too: taking the migration back adds an empty column."
    ),
    remedy="First the state, with SeparateDatabaseAndState; a release later the column.",
    find=_find,
)
