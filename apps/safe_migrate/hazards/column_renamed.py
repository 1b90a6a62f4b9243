"""RENAME COLUMN: the old code and the new one never work on the same table."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.fields import alter_field, model
from safe_migrate.hazards.words import BRIEF_MS, quoted, shown, standing

CODE = "SM-H301"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.RENAME or statement.object != "column":
        return
    table = standing(situation.database, statement.table)
    if table is None:
        return
    old, new = quoted(statement.name), quoted(statement.new_name)
    yield Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"column {old} of {shown(table.name)} becomes {new}: every query of the old code that"
            " names it fails from then on, and every one of the new code until then"
        ),
        held_ms=BRIEF_MS,
        instead=(
            f"Keep the column: give the field db_column={old} and rename the field alone, which"
            " runs no SQL.",
            f"Where the column itself has to change, add {new}, write both, fill it in batches,"
            " read from it, and drop the old one in a later release.",
        ),
        code_instead=_code(situation),
        phase=Phase.SPLIT,
    )


def _code(situation: Situation) -> str:
    """AlterField to the column that it has and RenameField: Django runs nothing for either."""
    operation, before = situation.operation, situation.operation.before
    if before is None or before.relation == "many to many":
        return ""
    kept = alter_field(operation, before, db_column=quoted(before.column))
    if operation.kind != "RenameField" or operation.after is None:
        return kept
    return (
        f"{kept},\n"
        "migrations.RenameField(\n"
        f"    model_name={model(operation)},\n"
        f'    old_name="{before.name}",\n'
        f'    new_name="{operation.after.name}",\n'
        ")"
    )


HAZARD = Hazard(
    code=CODE,
    title="Column renamed",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "Renaming takes a millisecond, but Django names every column in every query. While a"
        " release is rolled out, and after a rollback, one of the two versions of the code fails"
        " on every query of that model, whichever comes first."
    ),
    remedy="Rename the field and keep the column, by db_column.",
    find=_find,
)
