"""VALIDATE CONSTRAINT in the transaction that holds a stronger lock: NOT VALID was for nothing."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.sorting import lookup_us
from safe_migrate.hazards.taken import holds_up, stronger, taken
from safe_migrate.hazards.words import actions, lasting, pass_ms, shown, size, standing

CODE = "SM-H114"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    lock = Lock.NONE
    for earlier in situation.earlier:
        lock = stronger(lock, taken(earlier, database).get(table.name, Lock.NONE))
    if not holds_up(lock):
        return
    for action in actions(statement, ActionKind.VALIDATE_CONSTRAINT):
        held = pass_ms(table, _cost(situation, table, action))
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=lock,
            what=f"every row of {shown(table.name)} ({size(table)}) is checked for"
            f' "{action.name}" while the transaction still holds {lock} from before:'
            f" {lock.waiting} {lasting(table, held)}",
            held_ms=held,
            instead=("Validate it in a migration of its own, after the one that adds it.",),
            code_instead=code.operations(
                code.call(
                    "ValidateConstraint",
                    f'model_name="{situation.operation.model}"',
                    f'name="{action.name}"',
                ),
                imports=["from django.contrib.postgres.operations import ValidateConstraint"],
            ),
        )


def _cost(situation: Situation, table: Table, action: Action) -> float:
    """Of each row: a foreign key is looked up, all others are only read."""
    keys = [
        each.references
        for each in table.constraints
        if each.name == action.name and each.kind is ConstraintKind.FOREIGN_KEY
    ]
    keys += [
        each.constraint.references
        for earlier in situation.earlier
        for each in actions(earlier, ActionKind.ADD_CONSTRAINT)
        if each.constraint and each.name == action.name and each.constraint.references
    ]
    database = situation.database
    return lookup_us(database, keys[0]) if keys else database.costs.scan


HAZARD = Hazard(
    code=CODE,
    title="Validated under a lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why="VALIDATE CONSTRAINT lets others read and write. But a lock is held until its transaction"
    " ends: in the migration that has added the constraint NOT VALID the ACCESS EXCLUSIVE of that"
    " is still there, and everybody waits until all rows are checked.",
    remedy="ValidateConstraint in a migration of its own.",
    find=_find,
)
