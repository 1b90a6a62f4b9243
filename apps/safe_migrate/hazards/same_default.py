"""A callable default in AddField: called once, its value goes to every row that is there."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Field, Lock, Operation, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.column_types import TEXTS, parsed
from safe_migrate.hazards.fields import add_field, alter_field
from safe_migrate.hazards.words import actions, quoted, shown, size, standing

CODE = "SM-H203"
# A callable makes tokens and keys of these; of dates, numbers and documents it makes one value
# that is as good for every row: timezone.now, dict, list.
_ONE_EACH = TEXTS | {"uuid", "bytea"}


def _find(situation: Situation) -> Iterator[Danger]:
    table, operation = standing(situation.database, situation.statement.table), situation.operation
    after = operation.after
    if table is None or operation.kind != "AddField" or after is None:
        return
    for action in actions(situation.statement, ActionKind.ADD_COLUMN):
        if action.name != after.column or not action.column or not action.column.default:
            continue
        name = f"{quoted(action.name)} of {shown(table.name)} ({size(table)})"
        if _unique(action, after) and not after.has_db_default:
            if table.rows > 1:
                yield _danger(
                    situation,
                    Effect.FAILS,
                    f"column {name} is unique, and every row gets the same value: UniqueViolation",
                )
        elif after.callable_default and parsed(action.column.type).name in _ONE_EACH:
            yield _danger(
                situation,
                Effect.WRONG_DATA,
                f"column {name} gets one value for every row: Django calls the default once",
            )


def _unique(action: Action, after: Field) -> bool:
    beside = action.column.constraints if action.column else ()
    return after.unique or any(c.kind is ConstraintKind.UNIQUE for c in beside)


def _danger(situation: Situation, effect: Effect, what: str) -> Danger:
    table = standing(situation.database, situation.statement.table)
    return Danger(
        code=CODE,
        effect=effect,
        table=table.name if table else situation.statement.table,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=what,
        instead=(
            "Add it with null=True and without a default; the new code writes it for new rows.",
            "Give each row its own value in the next migration, in batches.",
            "Give it back its default, its uniqueness and NOT NULL in a third.",
        ),
        code_instead=_code(situation.operation),
        phase=Phase.SPLIT,
    )


def _code(operation: Operation) -> str:
    after = operation.after
    if after is None:
        return ""
    first = add_field(operation, after, default="", unique="", null="True")
    last = alter_field(operation, after)
    return f"# this migration\n{first}\n# a migration after every row has its value\n{last}"


HAZARD = Hazard(
    code=CODE,
    title="One default for every row",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.WRONG_DATA, Effect.FAILS),
    why=(
        "AddField calls a callable default once and writes the result into the statement: with"
        " default=uuid.uuid4 every row that is there gets the same UUID. Where the field is unique"
        " the migration fails as soon as there are two rows; where it is not, nothing tells later"
        " which values were meant."
    ),
    remedy="Add the column empty, fill it in batches, then make it unique and NOT NULL.",
    find=_find,
)
