"""ADD COLUMN with a CHECK beside it, as PositiveIntegerField has it: every row is read."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.statement import ActionKind, ConstraintKind
from safe_migrate.hazards import adding, code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, lasting, pass_ms, quoted, shown, size, standing

CODE = "SM-H107"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.ADD_COLUMN):
        column = action.column
        checks = [c for c in column.constraints if c.kind is ConstraintKind.CHECK] if column else []
        if column is None or not checks:
            continue
        held = pass_ms(table, database.costs.scan)
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=f"every row of {shown(table.name)} ({size(table)}) is read to check"
            f" {checks[0].expression} on the new column {quoted(column.name)} under ACCESS"
            f" EXCLUSIVE: reads and writes wait {lasting(table, held)}",
            held_ms=held,
            instead=(
                "Add the column without the check, then the check NOT VALID, and validate it"
                " while others read and write.",
            ),
            code_instead=_code(situation),
            phase=Phase.EXPAND,
        )


def _code(situation: Situation) -> str:
    steps = _rewrite(situation)
    return code.by_steps(situation, steps) if steps else ""


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    return adding.steps_of(situation)


HAZARD = Hazard(
    code=CODE,
    title="New column with a check",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why="Django writes the check of a PositiveIntegerField beside its column. Adding the column"
    " alone changes the catalog only; with a check beside it PostgreSQL reads every row of the"
    " table under ACCESS EXCLUSIVE, though all of them hold the same value or none.",
    remedy="ADD COLUMN without the check; ADD CONSTRAINT … CHECK … NOT VALID under the name that"
    " PostgreSQL would have given it; VALIDATE CONSTRAINT in a transaction of its own.",
    find=_find,
    rewrite=_rewrite,
)
