"""DROP COLUMN of a required column: new code cannot insert before, and there is no way back."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.fields import alter_field
from safe_migrate.hazards.words import actions, added_columns, column, quoted, shown, size, standing

CODE = "SM-H305"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, before = situation.statement, situation.operation.before
    table = standing(situation.database, statement.table)
    if table is None:
        return
    added = added_columns(situation, statement.table)
    for action in actions(statement, ActionKind.DROP_COLUMN):
        if action.name in added or not _required(situation, action):
            continue
        name = f"{quoted(action.name)} of {shown(table.name)}"
        told = {
            Effect.BREAKS_NEW_CODE: (
                f"column {name} is NOT NULL without a default: until it goes, every INSERT of the"
                " new code, which does not name it, fails"
            ),
        }
        if table.rows and not (before and before.has_default):
            told[Effect.IRREVERSIBLE] = (
                f"column {name} ({size(table)}) cannot be brought back: it is NOT NULL, and the"
                " rows would have no value for it"
            )
        for effect, what in told.items():
            yield Danger(
                code=CODE,
                effect=effect,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=what,
                instead=(
                    "Let it be NULL in a migration before, or give it a default in the database:"
                    " old and new code then both insert.",
                    "Drop it in the release after.",
                ),
                code_instead=_code(situation, action),
                phase=Phase.SPLIT,
            )


def _required(situation: Situation, action: Action) -> bool:
    known = column(situation.database, situation.statement.table, action.name)
    if known:
        free = known.has_default or known.generated or known.identity
        return known.not_null and not free
    before = situation.operation.before
    if before is None or before.column != action.name:
        return False
    return not (before.null or before.has_db_default or before.kind.endswith("AutoField"))


def _code(situation: Situation, action: Action) -> str:
    operation, before = situation.operation, situation.operation.before
    if operation.kind != "RemoveField" or before is None or before.column != action.name:
        return ""
    return alter_field(operation, before, null="True")


HAZARD = Hazard(
    code=CODE,
    title="Required column dropped",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_NEW_CODE, Effect.IRREVERSIBLE),
    why=(
        "The old code names the column and fails without it; the new code does not and fails with"
        " it, because it is NOT NULL and the database knows no default. Neither order works."
        " Django's reverse adds the column as it was, NOT NULL, which fails as soon as the table"
        " has a row."
    ),
    remedy="DROP NOT NULL first; the column itself in the release after.",
    find=_find,
)
