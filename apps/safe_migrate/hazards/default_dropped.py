"""DROP DEFAULT of a column that is NOT NULL: code that leaves the column out cannot insert."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import (
    BRIEF_MS,
    actions,
    added_columns,
    column,
    quoted,
    shown,
    standing,
)

CODE = "SM-H210"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.DROP_DEFAULT):
        if not _was_counted_on(situation, action.name):
            continue
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"every INSERT into {shown(table.name)} by code that leaves"
                f" {quoted(action.name)} to the database fails from then on: the column is NOT"
                " NULL, and its default goes"
            ),
            held_ms=BRIEF_MS,
            instead=("Run this when no code is left that counts on the default.",),
            phase=Phase.CONTRACT,
        )


def _was_counted_on(situation: Situation, name: str) -> bool:
    """Not a default that the same operation has set, for the rows that are there."""
    statement, operation = situation.statement, situation.operation
    if name in added_columns(situation, statement.table) or operation.kind == "AddField":
        return False
    before, after = operation.before, operation.after
    if before and before.column == name:
        return before.has_db_default and not before.null and not (after and after.null)
    known = column(situation.database, statement.table, name)
    return known is None or (known.not_null and known.has_default and not _set_before(situation))


def _set_before(situation: Situation) -> bool:
    names = {action.name for action in situation.statement.actions}
    return any(
        action.name in names
        for earlier in situation.earlier
        for action in actions(earlier, ActionKind.SET_DEFAULT)
    )


HAZARD = Hazard(
    code=CODE,
    title="Database default dropped",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "The old code inserts DEFAULT, or leaves the column out, and lets the database fill it in."
        " Without the default that is NULL, which a NOT NULL column refuses: every insert of the"
        " old code fails."
    ),
    remedy="A contract step: run it when the code that counts on the default is gone.",
    find=_find,
)
