"""A change of rows, or a program, after a change of a table in the same transaction."""

from collections.abc import Iterator
from functools import reduce

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import ask_extent, change_ms, program_ms, unbounded
from safe_migrate.hazards.taken import held, stronger
from safe_migrate.hazards.words import lasting, shown, size

CODE = "SM-H403"


def _find(situation: Situation) -> Iterator[Danger]:
    # What AlterField changes on its way to NOT NULL is told there.
    if situation.operation.kind == "AlterField":
        return
    told = _work(situation)
    locks = held(situation) if told else {}
    if told is None or not locks:
        return
    work, milliseconds = told
    lock = reduce(stronger, locks.values())
    names = " and ".join(shown(name) for name in locks)
    yield Danger(
        code=CODE,
        effect=Effect.SCAN,
        table=next(iter(locks)),
        lock=lock,
        what=(
            f"{names} {'stays' if len(locks) == 1 else 'stay'} locked ({lock}) by what this"
            f" migration did before, while {work}: {lock.waiting} all that time"
        ),
        held_ms=milliseconds,
        instead=(
            "Put what changes rows into a migration of its own, after the one that changes the"
            " table: each then holds only its own locks.",
        ),
        code_instead=_code(situation),
    )


def _work(situation: Situation) -> tuple[str, float | None] | None:
    """What takes its time, in words, and how long; None where nothing does."""
    statement, database = situation.statement, situation.database
    if statement.kind is Kind.CODE:
        name = "Python code" if situation.operation.kind == "RunPython" else "a program"
        return f"{name} runs for as long as it takes", program_ms(situation)
    table = unbounded(statement, database)
    if table is None:
        return None
    milliseconds = change_ms(statement, table, database)
    verb = statement.kind.upper()
    work = (
        f"{verb} goes through {shown(table.name)} ({size(table)}), {lasting(table, milliseconds)}"
    )
    return work, None if table.assumed else milliseconds


def _code(situation: Situation) -> str:
    operation = situation.operation
    return f'dependencies = [("{operation.app}", "{operation.migration}")]\n' + code.operations(
        code.as_it_is(operation), atomic=False
    )


def _ask(situation: Situation) -> Iterator[Question]:
    if situation.earlier:
        yield from ask_extent(CODE, situation)


HAZARD = Hazard(
    code=CODE,
    title="Lock held over other work",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why=(
        "A lock is held until the transaction ends, not until its statement does. AddField alone"
        " is over in a millisecond; followed by a change of rows in the same atomic migration it"
        " keeps everybody out of the table for as long as that change takes."
    ),
    remedy="Change tables in one migration, and rows in the next.",
    find=_find,
    ask=_ask,
)
