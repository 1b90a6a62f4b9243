"""ALTER COLUMN TYPE to a type that does not hold every value: it fails, or cuts without a word."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Question, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.altered import altered, changed, is_cast
from safe_migrate.hazards.asked import answer, examples, rows_where
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.column_types import Change
from safe_migrate.hazards.fields import old_type
from safe_migrate.hazards.fitting import Misfit, misfits
from safe_migrate.hazards.words import actions, quoted, shown, standing

CODE = "SM-H209"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None or not table.rows:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        name = f"{quoted(action.name)} of {shown(table.name)}"
        if changed(situation, action) is Change.IMPOSSIBLE:
            what = f"{name} cannot go from {altered(situation, action)}: there is no such cast"
            yield _danger(table, Effect.FAILS, what, ())
            continue
        for misfit in _misfits(situation, action):
            question = _question(table, misfit)
            keys = answer(situation, question) if question else None
            if keys == ():
                continue
            yield _danger(table, misfit.effect, _what(misfit, name, table, keys), keys or ())


def _what(misfit: Misfit, name: str, table: Table, keys: tuple[str, ...] | None) -> str:
    if keys:
        return f"{name} has {misfit.rows} in {_rows(keys)}: {misfit.then}"
    return f"where {name} has {misfit.rows}, {misfit.then}"


def _rows(keys: tuple[str, ...]) -> str:
    return f"row{'s' * (len(keys) > 1)} {examples(keys)}"


def _danger(table: Table, effect: Effect, what: str, keys: tuple[str, ...]) -> Danger:
    return Danger(
        code=CODE,
        effect=effect,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=what,
        instead=(
            "Correct the rows that do not fit, in a migration before this one.",
            "Keep new ones out by a CHECK constraint, NOT VALID at first.",
        )
        if effect is not Effect.FAILS or keys or what.startswith("where")
        else ("Add a second column of the new type, and fill it by code of your own.",),
        phase=Phase.CONTRACT,
        examples=keys,
    )


def _misfits(situation: Situation, action: Action) -> Iterator[Misfit]:
    old = old_type(situation, action)
    if not old or action.column is None or not is_cast(action):
        return
    yield from misfits(
        action.name,
        old,
        action.column.type,
        cast=bool(action.using),
        major=situation.database.major,
    )


def _question(table: Table, misfit: Misfit) -> Question | None:
    return rows_where(CODE, table, misfit.condition) if misfit.condition else None


def _ask(situation: Situation) -> Iterator[Question]:
    table = standing(situation.database, situation.statement.table)
    if table is None or not table.rows or table.assumed:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        for misfit in _misfits(situation, action):
            if question := _question(table, misfit):
                yield question


HAZARD = Hazard(
    code=CODE,
    title="Values that do not fit",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.FAILS, Effect.LOSES_DATA),
    why=(
        "A shorter varchar, a smaller number, a text that is to be a date: one value that does not"
        " fit, and the migration fails after it has kept everybody waiting. Worse where it does not"
        " fail: Django casts in USING when the class of the column's type changes, and a cast to"
        " varchar(n) cuts what is longer without an error, as one to another scale rounds and one"
        " to date forgets the time."
    ),
    remedy="Find and correct the rows first, and keep new ones out by a CHECK.",
    find=_find,
    ask=_ask,
)
