"""A field taken out of the state alone, whose column is NOT NULL: the new code cannot insert."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is, call, listed, operations, run_sql
from safe_migrate.hazards.words import column, quoted, shown, standing

CODE = "SM-H309"


def _find(situation: Situation) -> Iterator[Danger]:
    operation, before = situation.operation, situation.operation.before
    if situation.statement.kind is not Kind.NOTHING or operation.kind != "RemoveField":
        return
    table = standing(situation.database, quoted(operation.table))
    if table is None or before is None or not before.column or not operation.state_only:
        return
    known = column(situation.database, quoted(operation.table), before.column)
    required = known.not_null if known else not before.null
    default = known.has_default or known.generated or known.identity if known else False
    if not required or default or (known is None and before.has_db_default):
        return
    if known is None and not table.assumed:
        return
    yield Danger(
        code=CODE,
        effect=Effect.BREAKS_NEW_CODE,
        table=table.name,
        lock=Lock.NONE,
        what=(
            f"column {quoted(before.column)} of {shown(table.name)} stays, NOT NULL and without a"
            " default, while the new code does not know it any more: each of its INSERTs fails"
        ),
        instead=("Drop NOT NULL in the same operation: old and new code then both insert.",),
        code_instead=_code(situation, before.column),
        phase=Phase.SPLIT,
    )


def _code(situation: Situation, name: str) -> str:
    table = quoted(situation.operation.table)
    alter = f"ALTER TABLE {table} ALTER COLUMN {quoted(name)}"
    separated = call(
        "migrations.SeparateDatabaseAndState",
        listed("database_operations", [run_sql(f"{alter} DROP NOT NULL", f"{alter} SET NOT NULL")]),
        listed("state_operations", [as_it_is(situation.operation)]),
    )
    return operations(separated)


HAZARD = Hazard(
    code=CODE,
    title="Required column left behind",
    lock=Lock.NONE,
    effects=(Effect.BREAKS_NEW_CODE,),
    why=(
        "Taking a field out of the state first and dropping its column a release later is the safe"
        " way, but for one thing: the new code does not name the column in its INSERTs, and where"
        " it is NOT NULL without a default in the database every one of them fails."
    ),
    remedy="DROP NOT NULL beside the state operation.",
    find=_find,
)
