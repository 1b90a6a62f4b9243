"""A foreign key dropped, alone or with its column: ACCESS EXCLUSIVE on both of its tables."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import ExistingConstraint, Table
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind
from safe_migrate.hazards import code, steps
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import BRIEF_MS, actions, quoted, same, shown, standing

CODE = "SM-H110"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    for key in _dropped(situation, table) if table else ():
        other = standing(database, key.references)
        if other is None or table is None or same(database, table.name, other.name):
            continue
        rewritten = _rewrite(situation)
        yield Danger(
            code=CODE,
            effect=Effect.QUEUE,
            table=other.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=f"with the foreign key {quoted(key.name)} its triggers go from both tables:"
            f" ACCESS EXCLUSIVE on {shown(table.name)} and on {shown(other.name)}, so reads and"
            f" writes of {shown(other.name)} wait as well, and behind it while it waits",
            held_ms=BRIEF_MS,
            instead=(
                "Drop the foreign key in a migration of its own, before the column.",
                "Let that migration do nothing else: both locks are held to its end.",
            )
            if rewritten
            else ("Let this migration do nothing else: both locks are held to its end.",),
            code_instead=code.by_steps(situation, rewritten) if rewritten else "",
            phase=Phase.CONTRACT,
        )


def _dropped(situation: Situation, table: Table) -> Iterator[ExistingConstraint]:
    keys = [each for each in table.constraints if each.kind is ConstraintKind.FOREIGN_KEY]
    for action in actions(situation.statement, ActionKind.DROP_CONSTRAINT):
        yield from (key for key in keys if key.name == action.name)
    for action in actions(situation.statement, ActionKind.DROP_COLUMN):
        yield from (key for key in keys if action.name in key.columns)


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    """The keys one by one, then the column: the second lock is gone before the column goes."""
    statement = situation.statement
    table = standing(situation.database, statement.table)
    dropped = [action.kind for action in statement.actions] == [ActionKind.DROP_COLUMN]
    if statement.kind is not Kind.ALTER_TABLE or table is None or not dropped:
        return ()
    keys = list(_dropped(situation, table))
    if not keys:
        return ()
    gone = steps.column_is(table.name, statement.actions[0].name, "true")
    return (
        *(_drop(statement.table, key) for key in keys),
        steps.brief(statement.sql.rstrip("; "), gone.replace("SELECT", "SELECT NOT", 1)),
    )


def _drop(table: str, key: ExistingConstraint) -> Step:
    again = f"ALTER TABLE {table} ADD CONSTRAINT {quoted(key.name)} {key.definition}"
    return steps.dropped_constraint(table, key.name, again if key.definition else None)


HAZARD = Hazard(
    code=CODE,
    title="Foreign key dropped",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why="Dropping a foreign key takes its triggers from both tables, under ACCESS EXCLUSIVE on"
    " both: also the table that it pointed to can neither be read nor written meanwhile. It is"
    " brief, but it waits behind every transaction that uses either table, and everybody else"
    " waits behind it. RemoveField of a ForeignKey, and any change of its target, does so too.",
    remedy="Drop the foreign key alone, in a transaction with a lock timeout that does nothing"
    " else, then the column.",
    find=_find,
    rewrite=_rewrite,
)
