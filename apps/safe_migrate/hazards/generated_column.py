"""A generated column: STORED writes the table anew, VIRTUAL is there from PostgreSQL 18 on."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.rewriting import rewrite_ms
from safe_migrate.hazards.words import actions, lasting, quoted, shown, size, standing

CODE = "SM-H205"
FIRST_WITH_VIRTUAL = 18


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    for action in actions(statement, ActionKind.ADD_COLUMN, ActionKind.SET_EXPRESSION):
        generated = action.column.generated if action.column else ""
        if generated == "virtual" and database.major < FIRST_WITH_VIRTUAL:
            yield Danger(
                code=CODE,
                effect=Effect.FAILS,
                table=statement.table,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=(
                    f"column {quoted(action.name)} of {shown(statement.table)} is to be VIRTUAL,"
                    f" which PostgreSQL {database.major} does not know: SyntaxError"
                ),
                instead=("Use db_persist=True, or PostgreSQL 18.",),
            )
        elif generated == "stored" or action.kind is ActionKind.SET_EXPRESSION:
            yield from _rewritten(situation, action)


def _rewritten(situation: Situation, action: Action) -> Iterator[Danger]:
    database = situation.database
    table = standing(database, situation.statement.table)
    if table is None:
        return
    milliseconds = rewrite_ms(table, database.costs)
    virtual = database.major >= FIRST_WITH_VIRTUAL
    yield Danger(
        code=CODE,
        effect=Effect.REWRITE,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"{shown(table.name)} ({size(table)}) is written anew, to compute"
            f" {quoted(action.name)} for each row: reads and writes wait"
            f" {lasting(table, milliseconds)}"
        ),
        held_ms=None if table.assumed else milliseconds,
        instead=(
            "With db_persist=False the value is computed when it is read, and nothing is written."
            if virtual
            else "An annotation, or an index over the expression, needs no column.",
            "Or add a plain column, keep it up to date by a trigger and fill it in batches.",
        ),
        code_instead=_code(situation) if virtual else "",
        phase=Phase.EXPAND,
    )


def _code(situation: Situation) -> str:
    code = situation.operation.code
    return code.replace("db_persist=True", "db_persist=False") if "db_persist=True" in code else ""


HAZARD = Hazard(
    code=CODE,
    title="Generated column",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.REWRITE, Effect.FAILS),
    why=(
        "GENERATED ALWAYS AS … STORED computes a value for every row at once: PostgreSQL writes"
        " the table and its indexes anew while everybody waits. A VIRTUAL column costs nothing,"
        " but before version 18 it is a syntax error."
    ),
    remedy="db_persist=False on PostgreSQL 18; else a plain column, a trigger and a backfill.",
    find=_find,
)
