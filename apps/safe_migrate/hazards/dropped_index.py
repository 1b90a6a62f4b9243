"""DROP INDEX: ACCESS EXCLUSIVE on the table, for an instant, and a queue before it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Database, ExistingIndex, Table
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import BRIEF_MS, last, literal, shown

CODE = "SM-H103"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.DROP_INDEX or statement.concurrent:
        return
    table, index = _known(situation.database, statement.name)
    if table is None and not situation.database.assumed:
        return
    if table and table.new:
        return
    where = shown(table.name) if table else "its table"
    name = f'"{last(statement.name)}"'
    if index and index.primary:
        return
    safe = _rewrite(situation)
    yield Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=table.name if table else "",
        lock=Lock.ACCESS_EXCLUSIVE,
        what=f"{name} goes under ACCESS EXCLUSIVE on {where}: it is brief, but while it waits for"
        " a long query, reads and writes wait behind it",
        held_ms=BRIEF_MS,
        instead=("Drop it CONCURRENTLY, in a migration of its own with atomic = False.",)
        if safe
        else ("Let this migration do nothing else.",),
        code_instead=_code(situation, safe) if safe else "",
        phase=Phase.CONTRACT,
    )


def _known(database: Database, name: str) -> tuple[Table | None, ExistingIndex | None]:
    for table in database.tables.values():
        for index in table.indexes:
            if last(name) in (index.name, last(index.name)):
                return table, index
    return None, None


def _code(situation: Situation, safe: tuple[Step, ...]) -> str:
    operation = situation.operation
    if operation.kind != "RemoveIndex":
        return code.by_steps(situation, safe)
    remove = code.call(
        "RemoveIndexConcurrently",
        f'model_name="{operation.model}"',
        f'name="{last(situation.statement.name)}"',
    )
    imports = ["from django.contrib.postgres.operations import RemoveIndexConcurrently"]
    return code.operations(remove, atomic=False, imports=imports)


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    """Not for the index of a partitioned table, which PostgreSQL refuses."""
    statement = situation.statement
    table, _ = _known(situation.database, statement.name)
    if statement.kind is not Kind.DROP_INDEX or not statement.concurrently:
        return ()
    if table and (table.partitions or table.new):
        return ()
    return (
        Step(
            sql=statement.concurrently,
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            concurrent=True,
            postcondition=f"SELECT to_regclass({literal(statement.name)}) IS NULL",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="Index dropped under a lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why="DROP INDEX takes ACCESS EXCLUSIVE on the table. That is over in an instant, but it waits"
    " for every transaction that uses the table, and all others wait behind it.",
    remedy="DROP INDEX CONCURRENTLY, outside a transaction: it waits too, and nobody behind it.",
    find=_find,
    rewrite=_rewrite,
)
