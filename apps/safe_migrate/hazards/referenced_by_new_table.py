"""A new table with a foreign key to one that is in use: writes to that one wait for it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import BRIEF_MS, actions, shown, standing

CODE = "SM-H109"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    is_new = statement.kind is Kind.CREATE_TABLE or not standing(database, statement.table)
    if statement.kind not in (Kind.CREATE_TABLE, Kind.ALTER_TABLE) or not is_new:
        return
    for name in dict.fromkeys(each.references for each in _foreign_keys(situation)):
        if table := standing(database, name):
            yield Danger(
                code=CODE,
                effect=Effect.QUEUE,
                table=table.name,
                lock=Lock.SHARE_ROW_EXCLUSIVE,
                what=f"the foreign key from the new table {shown(statement.table)} puts triggers on"
                f" {shown(table.name)} under SHARE ROW EXCLUSIVE, and the migration keeps the lock"
                " to its end: writes there wait meanwhile, and behind it while it waits",
                held_ms=BRIEF_MS,
                instead=(
                    "Create the table in one migration with db_constraint=False, and add the"
                    " foreign key in the next, which then does nothing else.",
                    "Let one migration add foreign keys to one table in use only.",
                ),
                phase=Phase.EXPAND,
            )


def _foreign_keys(situation: Situation) -> Iterator[Constraint]:
    statement = situation.statement
    added = [each.constraint for each in actions(statement, ActionKind.ADD_CONSTRAINT)]
    beside = [constraint for column in statement.columns for constraint in column.constraints]
    for constraint in (*statement.constraints, *beside, *added):
        if constraint and constraint.kind is ConstraintKind.FOREIGN_KEY:
            yield constraint


HAZARD = Hazard(
    code=CODE,
    title="New table locks an old one",
    lock=Lock.SHARE_ROW_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why="A foreign key needs triggers on both of its tables. CREATE TABLE with a ForeignKey or a"
    " ManyToManyField so takes SHARE ROW EXCLUSIVE on every table that it points to: it is brief,"
    " but it waits behind every transaction that has written there, all later writes wait behind"
    " it, and it is held until the migration ends. A ManyToManyField locks two tables at once.",
    remedy="Foreign keys to tables in use in migrations of their own, one table each, under a lock"
    " timeout: safe_migrate sets one and tries again.",
    find=_find,
)
