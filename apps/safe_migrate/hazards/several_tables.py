"""Several tables locked in one transaction: a deadlock waits to happen."""

from collections.abc import Iterator
from functools import reduce

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.taken import held, holds_up, stronger, taken
from safe_migrate.hazards.words import shown

CODE = "SM-H412"


def _find(situation: Situation) -> Iterator[Danger]:
    locks = taken(situation.statement, situation.database)
    now = {name: lock for name, lock in locks.items() if holds_up(lock)}
    before = held(situation) if now else {}
    further = [name for name in now if name not in before]
    names = [*before, *further]
    if not further or len(names) < 2:
        return
    lock = reduce(stronger, (*before.values(), *now.values()))
    listed = ", ".join(shown(name) for name in names)
    yield Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=further[0],
        lock=lock,
        what=(
            f"One transaction locks {len(names)} tables, in this order: {listed}. A request that"
            " uses them in another order ends in a deadlock, and one of both is cancelled"
        ),
        instead=(
            "One table for each migration, where that can be.",
            "Run it with safe_migrate: with its lock timeout, shorter than deadlock_timeout, it is"
            " the migration that gives way, and tries again.",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="Deadlock with requests",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why=(
        "A transaction that has locked one table and waits for a second meets a request that has"
        " them the other way round: PostgreSQL cancels whichever waited longer than"
        " deadlock_timeout, and that was seen to be the request in half of all cases."
    ),
    remedy=(
        "One table for each transaction; a lock timeout below deadlock_timeout, so that it is"
        " always the migration that gives way."
    ),
    find=_find,
)
