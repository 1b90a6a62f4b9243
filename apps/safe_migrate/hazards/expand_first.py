"""Something that the new code uses and the old code does not mind: it comes before the new code."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.column_types import Change, change
from safe_migrate.hazards.fields import old_type
from safe_migrate.hazards.required_column import is_required
from safe_migrate.hazards.words import BRIEF_MS, quoted, shown, standing

CODE = "SM-H201"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in situation.statement.actions:
        what = _needed(situation, action, f"{quoted(action.name)} of {shown(table.name)}")
        if what:
            yield Danger(
                code=CODE,
                effect=Effect.BREAKS_NEW_CODE,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=what,
                held_ms=BRIEF_MS,
                instead=("Run this migration before the new code starts.",),
                phase=Phase.EXPAND,
            )


def _needed(situation: Situation, action: Action, name: str) -> str:
    """What the new code cannot do without it; empty for what is no such thing."""
    if action.kind is ActionKind.ADD_COLUMN and not is_required(situation, action):
        return f"the new code reads column {name}, which is not there before this"
    if action.kind is ActionKind.DROP_NOT_NULL:
        return (
            f"column {name} takes NULL only after this; the old code has to bear the NULLs that"
            " the new code writes while both run"
        )
    if action.kind is ActionKind.SET_DEFAULT and _stays(situation, action):
        return f"column {name} has its default only after this, and the new code may count on it"
    if action.kind is ActionKind.ALTER_TYPE and action.column:
        old = old_type(situation, action)
        if old and _is_wider(old, action):
            return f"column {name} takes all values of {action.column.type} only after this"
    return ""


def _is_wider(old: str, action: Action) -> bool:
    """Not to be told of types that are one, such as int4 and integer."""
    new = action.column.type if action.column else ""
    return change(old, new) is Change.NONE and change(new, old) is not Change.NONE


def _stays(situation: Situation, action: Action) -> bool:
    """Django sets a default for the rows that are there and drops it in the next statement."""
    after = situation.operation.after
    return not (after and after.column == action.name and not after.has_db_default)


HAZARD = Hazard(
    code=CODE,
    title="New code needs this first",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_NEW_CODE,),
    why=(
        "A column that may be NULL or has a default in the database, a wider type, a column that"
        " takes NULL: PostgreSQL changes its catalog alone, in about a millisecond, and the old"
        " code goes on as before. The new code fails until it is done."
    ),
    remedy="Run the migration first, then start the new code: an expand step.",
    find=_find,
)
