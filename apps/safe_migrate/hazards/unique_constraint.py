"""ADD CONSTRAINT UNIQUE and ADD COLUMN UNIQUE: the index is built under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind
from safe_migrate.hazards import adding, code, names
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.sorting import FIRST_NARROW, columns_ms
from safe_migrate.hazards.words import actions, lasting, pass_ms, quoted, shown, size, standing

CODE = "SM-H104"
UNIQUE = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        if (added := action.constraint) and added.kind in UNIQUE and not added.using_index:
            held = columns_ms(database, table, added.columns)
            yield _danger(situation, table, added, held)
    for action in actions(statement, ActionKind.ADD_COLUMN):
        for added in action.column.constraints if action.column else ():
            if added.kind in UNIQUE:
                # NULL in every row: they are read and sorted all the same.
                held = pass_ms(table, database.costs.index * FIRST_NARROW)
                yield _danger(situation, table, added, held)


def _danger(situation: Situation, table: Table, added: Constraint, held: float | None) -> Danger:
    name = names.of(situation.database, situation.statement.table, added)
    called = f"the {added.kind} constraint {quoted(name)}" if name else f"a {added.kind} constraint"
    steps = _rewrite(situation)
    return Danger(
        code=CODE,
        effect=Effect.SCAN,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=f"every row of {shown(table.name)} ({size(table)}) is read and sorted for {called}"
        f" under ACCESS EXCLUSIVE: reads and writes wait {lasting(table, held)}",
        held_ms=held,
        instead=(
            "Build a unique index CONCURRENTLY, then make the constraint of it with USING INDEX:"
            " that reads no row.",
        )
        if steps
        else ("There is no way without the lock here: choose a quiet hour for it.",),
        code_instead=code.by_steps(situation, steps) if steps else "",
    )


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    return adding.steps_of(situation)


HAZARD = Hazard(
    code=CODE,
    title="Unique constraint built under a lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why="A unique constraint stands on an index. ADD CONSTRAINT … UNIQUE and ADD COLUMN … UNIQUE"
    " build it while they hold ACCESS EXCLUSIVE: every read and write of the table waits until"
    " all rows are read and sorted. Django emits them for unique=True, OneToOneField,"
    " unique_together and UniqueConstraint without a condition.",
    remedy="CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX, which"
    " changes the catalog alone. A new column is added without the constraint first.",
    find=_find,
    rewrite=_rewrite,
)
