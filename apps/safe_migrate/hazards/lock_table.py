"""LOCK TABLE: held until the migration ends, whatever comes after it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.taken import holds_up, taken
from safe_migrate.hazards.words import shown

CODE = "SM-H416"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.LOCK:
        return
    if not situation.operation.atomic:
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=statement.table,
            lock=Lock.NONE,
            what="LOCK TABLE fails outside of a transaction, and this migration has atomic = False",
            instead=("Leave it out: each statement takes the lock that it needs.",),
        )
        return
    for name, lock in taken(statement, situation.database).items():
        if holds_up(lock):
            yield Danger(
                code=CODE,
                effect=Effect.SCAN,
                table=name,
                lock=lock,
                what=(
                    f"LOCK TABLE holds {lock} on {shown(name)} until the migration ends:"
                    f" {lock.waiting} for all that it still does"
                ),
                instead=("Leave it out: each statement takes the lock that it needs.",),
            )


HAZARD = Hazard(
    code=CODE,
    title="Lock taken by hand",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN, Effect.FAILS),
    why=(
        "LOCK TABLE takes a lock before it is needed and keeps it to the end of the transaction,"
        " with everything that the migration does in between."
    ),
    remedy="Leave it out.",
    find=_find,
)
