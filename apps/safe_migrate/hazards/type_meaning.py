"""ALTER COLUMN TYPE to what the code that runs does not write or read."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.altered import altered
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.fields import old_type
from safe_migrate.hazards.fitting import alike, misfits
from safe_migrate.hazards.words import actions, quoted, shown, standing

CODE = "SM-H211"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        name = f"{quoted(action.name)} of {shown(table.name)}"
        told = _told(situation, action, name)
        if not told:
            continue
        what, phase = told
        split = phase is Phase.SPLIT
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=what,
            instead=(
                ("Add a second field of the new type and write both; move readers; drop this.",)
                if split
                else ("Run this when no code is left that writes what does not fit.",)
            ),
            phase=phase,
        )


def _told(situation: Situation, action: Action, name: str) -> tuple[str, Phase] | None:
    old = old_type(situation, action)
    if not old or action.column is None:
        return None
    new = action.column.type
    if not alike(old, new):
        return (
            f"{name} goes from {altered(situation, action)}: the old code compares and writes the"
            " one and the new code the other, so one of them fails whichever comes first",
            Phase.SPLIT,
        )
    found = misfits(action.name, old, new, cast=bool(action.using), major=situation.database.major)
    first = next(iter(found), None)
    if first is None:
        return None
    return f"the old code may still write {first.rows} into {name}, which fails", Phase.CONTRACT


HAZARD = Hazard(
    code=CODE,
    title="Type other than code expects",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "While a release is rolled out two versions of the code use one column. The version before"
        " writes values that the new type refuses, compares a text with a number, or reads a string"
        " where it expects a date."
    ),
    remedy="A second field; or, where the new type is only narrower, wait until old code is gone.",
    find=_find,
)
