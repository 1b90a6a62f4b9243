"""The queue behind a brief lock: whoever comes while it is waited for waits as well."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Table
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.taken import holds_up, taken
from safe_migrate.hazards.words import shown, standing

CODE = "SM-H411"


def _find(situation: Situation) -> Iterator[Danger]:
    database = situation.database
    for name, lock in taken(situation.statement, database).items():
        table = standing(database, name)
        if table and holds_up(lock):
            yield _danger(situation, table, lock)


def _danger(situation: Situation, table: Table, lock: Lock) -> Danger:
    name = shown(table.name)
    rate = table.statements_per_second
    often = "" if rate is None else f" (about {rate:.0f} statements a second on it)"
    return Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=table.name,
        lock=lock,
        what=(
            f"{situation.statement.kind.upper()} needs {lock} on {name}{often}: while it waits"
            f" behind a long transaction, {lock.waiting.replace('wait', 'queue')} behind it"
        ),
        instead=(
            "Run it with safe_migrate: it gives up before anybody waits longer than the budget,"
            " and tries again.",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="Queue behind a brief lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why=(
        "The change itself takes a millisecond. But a lock waits for every transaction that uses"
        " the table, a forgotten one too, and everybody who comes later waits behind it: a reader"
        " that was idle for 3 s was seen to stall all others for 3 s."
    ),
    remedy="A lock_timeout shorter than the budget, and tries again: safe_migrate sets both.",
    find=_find,
)
