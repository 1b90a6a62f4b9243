"""ADD CONSTRAINT EXCLUDE: the slowest of all, under ACCESS EXCLUSIVE, and no way round it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import ActionKind, ConstraintKind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, lasting, pass_ms, shown, size, standing

CODE = "SM-H105"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added is None or added.kind is not ConstraintKind.EXCLUSION:
            continue
        held = pass_ms(table, database.costs.exclusion)
        name = f'"{added.name}"' if added.name else "a constraint"
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=f"every row of {shown(table.name)} ({size(table)}) is compared with others for"
            f" {name} under ACCESS EXCLUSIVE: reads and writes wait {lasting(table, held)}",
            held_ms=held,
            instead=(
                "There is no way without the lock: PostgreSQL can neither add an exclusion"
                " constraint NOT VALID nor make one of an index.",
                "Make a new table with the constraint, let the code write to both, copy the rows in"
                " batches, and rename; or choose a quiet hour.",
            ),
        )


HAZARD = Hazard(
    code=CODE,
    title="Exclusion constraint on a full table",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why="ADD CONSTRAINT … EXCLUDE builds its index and looks each row up in it, under ACCESS"
    " EXCLUSIVE: 11 s for 200,000 rows were measured, where a unique constraint took 0.2 s. It can"
    " be neither NOT VALID nor built concurrently.",
    remedy="Before there are many rows; else a new table that has it from the start, filled in"
    " batches while the code writes to both, and two renames.",
    find=_find,
)
