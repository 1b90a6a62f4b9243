"""DROP TABLE: the old code still uses it, and its rows are gone."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is, call, listed, operations
from safe_migrate.hazards.words import BRIEF_MS, shown, size, standing

CODE = "SM-H306"
_STATE_FIRST = (
    "Take the model out of the code and out of the state first, and release that.",
    "Drop the table in the release after, when no code names it.",
)
_KEPT = ("Make sure that nobody needs them. The backup that safe_migrate takes first has them.",)


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    for name in statement.tables if statement.kind is Kind.DROP_TABLE else ():
        table = standing(situation.database, name)
        if table is None:
            continue
        told = {
            Effect.BREAKS_OLD_CODE: (
                f"{shown(table.name)} goes: every query of the old code that names it fails from"
                " then on"
            ),
        }
        if table.rows:
            told[Effect.LOSES_DATA] = (
                f"the rows of {shown(table.name)} ({size(table)}) are lost; taking the migration"
                " back brings an empty table"
            )
        for effect, what in told.items():
            breaks = effect is Effect.BREAKS_OLD_CODE
            yield Danger(
                code=CODE,
                effect=effect,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=what,
                held_ms=BRIEF_MS,
                instead=_STATE_FIRST if breaks else _KEPT,
                code_instead=_code(situation, name) if breaks else "",
                phase=Phase.CONTRACT,
            )


def _code(situation: Situation, name: str) -> str:
    operation = situation.operation
    if operation.kind != "DeleteModel":
        return ""
    separated = call(
        "migrations.SeparateDatabaseAndState", listed("state_operations", [as_it_is(operation)])
    )
    drop = call(
        "migrations.RunSQL", repr(f"DROP TABLE {name}"), "reverse_sql=migrations.RunSQL.noop"
    )
    return f"# this release\n{operations(separated)}\n# the next release\n{operations(drop)}"


HAZARD = Hazard(
    code=CODE,
    title="Table dropped",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE, Effect.LOSES_DATA),
    why=(
        "Code that still runs, or that a rollback brings back, fails on every query of the table."
        " The rows are gone: taking the migration back makes an empty table."
    ),
    remedy="First the state, with SeparateDatabaseAndState; a release later the table.",
    find=_find,
)
