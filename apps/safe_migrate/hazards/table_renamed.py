"""RENAME of a table: the old code and the new one never find the same table."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is, operations, run_sql
from safe_migrate.hazards.words import BRIEF_MS, last, quoted, shown, standing

CODE = "SM-H302"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.RENAME or statement.object != "table":
        return
    table = standing(situation.database, statement.table)
    if table is None:
        return
    yield Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"{shown(table.name)} becomes {quoted(statement.new_name)}: every query of the old"
            " code that names it fails from then on, and every one of the new code until then"
        ),
        held_ms=BRIEF_MS,
        instead=(
            f'Keep the table: db_table = "{last(statement.table)}" in the Meta of the model'
            + (
                ", and in db_table of the many-to-many field."
                if situation.operation.kind != "AlterModelTable"
                else "."
            ),
            "Or leave a view with the old name in the same migration: PostgreSQL lets the old code"
            " read and write through it. Drop it when that is gone.",
        ),
        code_instead=operations(as_it_is(situation.operation), _view(statement)),
        phase=Phase.SPLIT,
    )


def _view(statement: Statement) -> str:
    schema = statement.table[: -len(quoted(last(statement.table)))]
    new = schema + quoted(statement.new_name)
    return run_sql(
        f"CREATE VIEW {statement.table} AS SELECT * FROM {new}", f"DROP VIEW {statement.table}"
    )


HAZARD = Hazard(
    code=CODE,
    title="Table renamed",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "Renaming takes a millisecond, but every query names its table. RenameModel, another"
        " db_table and another name or target of a many-to-many field rename tables, and columns"
        " in join tables. One of the two versions of the code fails on all of them, whichever comes"
        " first."
    ),
    remedy="Keep the table by db_table; or leave an updatable view with the old name.",
    find=_find,
)
