"""A new column that is NOT NULL and has no default in the database: the old code cannot insert."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Field, Lock, Operation, Phase, Situation
from safe_migrate.facts.statement import Action, ActionKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is
from safe_migrate.hazards.fields import add_field, argument
from safe_migrate.hazards.words import BRIEF_MS, actions, quoted, shown, size, standing

CODE = "SM-H202"


def is_required(situation: Situation, action: Action) -> bool:
    """Whether an INSERT that does not name the new column fails."""
    column = action.column
    if column is None or not column.not_null or column.identity or column.generated:
        return False
    return not column.default or _loses_default(situation.operation, action.name)


def _loses_default(operation: Operation, name: str) -> bool:
    """Django gives the rows that are there a default and drops it at once."""
    if operation.statements:
        return any(
            action.name == name
            for statement in operation.statements
            for action in actions(statement, ActionKind.DROP_DEFAULT)
        )
    if operation.kind == "AlterOrderWithRespectTo":
        return True
    after = operation.after
    return operation.kind == "AddField" and bool(after and not after.has_db_default)


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ADD_COLUMN):
        if not is_required(situation, action):
            continue
        name = f"{quoted(action.name)} of {shown(table.name)}"
        if action.column and not action.column.default and table.rows:
            yield Danger(
                code=CODE,
                effect=Effect.FAILS,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=f"column {name} ({size(table)}) is NOT NULL and the rows have no value for it",
                instead=("Give it a default, or let it be NULL at first.",),
                code_instead=_code(situation),
                phase=Phase.SPLIT,
            )
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"every INSERT of the old code into {shown(table.name)} fails from then on: it"
                f" does not name {quoted(action.name)}, which is NOT NULL and has no default in"
                " the database"
            ),
            held_ms=BRIEF_MS,
            instead=_instead(situation.operation),
            code_instead=_code(situation),
            phase=Phase.SPLIT,
        )


def _instead(operation: Operation) -> tuple[str, ...]:
    if operation.kind == "AlterOrderWithRespectTo":
        return (
            "Add the column _order by RunSQL, with DEFAULT 0, and change the state alone in"
            " SeparateDatabaseAndState; drop the default when the old code is gone.",
            "Every row gets 0: number them in a migration of its own.",
        )
    if _constant(operation.after):
        return (
            "Let the database know the default: db_default in the place of default. It then fills"
            " the column in for the old code.",
            "When the old code is gone, db_default may go in a later migration.",
        )
    return (
        "Add it with null=True, let the new code always write it and fill in the rows that are"
        " there.",
        "When the old code is gone, make it NOT NULL in a later migration.",
    )


def _constant(field: Field | None) -> bool:
    return bool(field and field.has_default and not field.callable_default)


def _code(situation: Situation) -> str:
    operation, after = situation.operation, situation.operation.after
    if operation.kind == "AlterOrderWithRespectTo":
        return (
            "migrations.SeparateDatabaseAndState(\n"
            "    database_operations=[\n"
            "        migrations.RunSQL(\n"
            f"""            'ALTER TABLE "{operation.table}" ADD COLUMN "_order" integer"""
            """ DEFAULT 0 NOT NULL',\n"""
            f"""            'ALTER TABLE "{operation.table}" DROP COLUMN "_order"',\n"""
            "        )\n"
            "    ],\n"
            f"    state_operations=[{as_it_is(operation)}],\n"
            ")"
        )
    if operation.kind != "AddField" or after is None:
        return ""
    if _constant(after):
        value = argument(after, "default") or "..."
        return add_field(operation, after, default="", db_default=value)
    return add_field(operation, after, default="", null="True")


HAZARD = Hazard(
    code=CODE,
    title="Required column without database default",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE, Effect.FAILS),
    why=(
        "Django's default= lives in Python. The migration gives it to the rows that are there and"
        " takes it away again, so the database knows none. Old code that still runs, or that comes"
        " back in a rollback, inserts without the column: NotNullViolation for every new row."
    ),
    remedy=(
        "db_default= (Django 5.0) tells the database; or add the column with null=True, and make"
        " it NOT NULL when no old code is left."
    ),
    find=_find,
)
