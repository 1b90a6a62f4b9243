"""A foreign key added: rows are looked up while writes to both of its tables wait."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Action, ActionKind, Constraint, ConstraintKind
from safe_migrate.hazards import adding, code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.sorting import lookup_us
from safe_migrate.hazards.words import (
    BRIEF_MS,
    actions,
    lasting,
    pass_ms,
    quoted,
    same,
    shown,
    size,
    standing,
)

CODE = "SM-H108"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added and added.kind is ConstraintKind.FOREIGN_KEY and not added.not_valid:
            yield _looked_up(situation, table, added, Lock.SHARE_ROW_EXCLUSIVE)
    for action, added in _beside_columns(situation):
        if action.column and action.column.default:
            yield _looked_up(situation, table, added, Lock.ACCESS_EXCLUSIVE)
        elif _other(situation, added):
            yield _two_locks(situation, table, action, added)


def _beside_columns(situation: Situation) -> Iterator[tuple[Action, Constraint]]:
    for action in actions(situation.statement, ActionKind.ADD_COLUMN):
        for added in action.column.constraints if action.column else ():
            if added.kind is ConstraintKind.FOREIGN_KEY:
                yield action, added


def _other(situation: Situation, added: Constraint) -> Table | None:
    """The table that it points to, where that is one that others use, and another."""
    if same(situation.database, situation.statement.table, added.references):
        return None
    return standing(situation.database, added.references)


def _looked_up(situation: Situation, table: Table, added: Constraint, lock: Lock) -> Danger:
    held = pass_ms(table, lookup_us(situation.database, added.references))
    other = _other(situation, added)
    who = "writes" if lock is Lock.SHARE_ROW_EXCLUSIVE else "reads and writes"
    there = f" there, and writes to {shown(other.name)}," if other else ""
    return Danger(
        code=CODE,
        effect=Effect.SCAN,
        table=table.name,
        lock=lock,
        what=f"every row of {shown(table.name)} ({size(table)}) is looked up in"
        f" {shown(added.references)} under {lock}: {who}{there} wait {lasting(table, held)}",
        held_ms=held,
        instead=(
            "Add the foreign key NOT VALID, for new rows only; validate it in a transaction of"
            " its own, while others read and write.",
        ),
        code_instead=_code(situation),
    )


def _two_locks(situation: Situation, table: Table, action: Action, added: Constraint) -> Danger:
    return Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=f"column {quoted(action.name)} and its foreign key come in one statement: it needs"
        f" ACCESS EXCLUSIVE on {shown(table.name)} and SHARE ROW EXCLUSIVE on"
        f" {shown(added.references)} at once, and keeps both to the migration's end, also while"
        " the column's index is built",
        held_ms=BRIEF_MS,
        instead=(
            "Add the column alone, build its index CONCURRENTLY, add the foreign key NOT VALID,"
            " and validate it.",
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
    title="Foreign key checked under locks",
    lock=Lock.SHARE_ROW_EXCLUSIVE,
    effects=(Effect.SCAN, Effect.QUEUE),
    why="ADD CONSTRAINT … FOREIGN KEY looks every row up in the other table while it holds SHARE"
    " ROW EXCLUSIVE on both: writes to either wait. AddField with a ForeignKey locks its own table"
    " with ACCESS EXCLUSIVE besides, and holds all of that while the column's index is built. Two"
    " tables locked at once are also where deadlocks with requests come from.",
    remedy="ADD COLUMN alone; CREATE INDEX CONCURRENTLY; ADD CONSTRAINT … FOREIGN KEY … NOT VALID,"
    " which is brief; VALIDATE CONSTRAINT, which lets others read and write, in a transaction of"
    " its own.",
    find=_find,
    rewrite=_rewrite,
)
