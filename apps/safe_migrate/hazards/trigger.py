"""Triggers made, replaced or dropped: from then on every writer runs them, or does not."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import shown, standing

CODE = "SM-H413"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    made = statement.kind is Kind.CREATE_TRIGGER
    if not made and (statement.kind is not Kind.DROP or statement.object != "trigger"):
        return
    if table := standing(situation.database, statement.table):
        yield _made(statement, table) if made else _dropped(statement, table)


def _made(statement: Statement, table: Table) -> Danger:
    name = shown(table.name)
    return Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=table.name,
        lock=Lock.SHARE_ROW_EXCLUSIVE,
        what=(
            f"The trigger {statement.name} on {name} needs SHARE ROW EXCLUSIVE for a moment, and"
            f" writes queue behind it; from then on every writer of {name} runs"
            f" {shown(statement.calls[0])}(), the old code as well"
        ),
        instead=(
            "Let its function bear what old and new code write; an error in it fails their"
            " statements.",
        ),
        phase=Phase.EXPAND,
    )


def _dropped(statement: Statement, table: Table) -> Danger:
    return Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"The trigger {statement.name} of {shown(table.name)} is dropped: what it did for"
            " every write is not done any more, also for code that counts on it"
        ),
        instead=("Drop it when no code that counts on it runs any more.",),
        phase=Phase.CONTRACT,
    )


HAZARD = Hazard(
    code=CODE,
    title="Every writer is concerned",
    lock=Lock.SHARE_ROW_EXCLUSIVE,
    effects=(Effect.QUEUE, Effect.BREAKS_OLD_CODE),
    why=(
        "A trigger runs in every statement that writes to its table, in that statement's"
        " transaction: what it costs everybody pays, and where it fails everybody fails."
    ),
    remedy="Make it before the code that needs it, and drop it after the last that does.",
    find=_find,
)
