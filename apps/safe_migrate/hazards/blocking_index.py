"""CREATE INDEX: SHARE on the table until the index is built, so writes wait."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind, Statement
from safe_migrate.hazards import code, steps
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.sorting import index_ms
from safe_migrate.hazards.words import actions, lasting, listed, quoted, same, shown, size, standing

CODE = "SM-H101"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind is not Kind.CREATE_INDEX or statement.concurrent:
        return
    table = standing(database, statement.table)
    if table is None or _stands(table, statement):
        return
    held = index_ms(database, table, statement)
    lock = Lock.ACCESS_EXCLUSIVE if _altered_before(situation) else Lock.SHARE
    because = "" if lock is Lock.SHARE else ", since the transaction has altered the table before"
    yield Danger(
        code=CODE,
        effect=Effect.SCAN,
        table=table.name,
        lock=lock,
        what=f"every row of {shown(table.name)} ({size(table)}) is read and sorted into"
        f" {quoted(statement.name)} under {lock}: {lock.waiting} {lasting(table, held)}{because}",
        held_ms=held,
        instead=_instead(situation, table),
        code_instead=_code(situation) if not table.partitions else "",
        phase=Phase.EXPAND,
    )
    for other in _parents(situation):
        if parent := standing(database, other):
            yield Danger(
                code=CODE,
                effect=Effect.SCAN,
                table=parent.name,
                lock=Lock.SHARE_ROW_EXCLUSIVE,
                what=f"the foreign key to {shown(parent.name)} that the transaction has added"
                f" keeps it under {Lock.SHARE_ROW_EXCLUSIVE} while {quoted(statement.name)} is"
                f" built: writes wait there too, {lasting(table, held)}",
                held_ms=held,
                instead=_instead(situation, table),
                phase=Phase.EXPAND,
            )


def _stands(table: Table, statement: Statement) -> bool:
    """IF NOT EXISTS, and it does: nothing is built."""
    return statement.if_exists and any(
        quoted(statement.name) == index.name or statement.name == index.name
        for index in table.indexes
    )


def _altered_before(situation: Situation) -> bool:
    return any(
        earlier.kind is Kind.ALTER_TABLE
        and same(situation.database, earlier.table, situation.statement.table)
        for earlier in situation.earlier
    )


def _parents(situation: Situation) -> Iterator[str]:
    """Tables to which this transaction has added a foreign key from the index's table."""
    for earlier in situation.earlier:
        if not same(situation.database, earlier.table, situation.statement.table):
            continue
        for action in actions(earlier, ActionKind.ADD_COLUMN, ActionKind.ADD_CONSTRAINT):
            beside = action.column.constraints if action.column else ()
            for constraint in (*beside, *((action.constraint,) if action.constraint else ())):
                if constraint.kind is ConstraintKind.FOREIGN_KEY:
                    yield constraint.references


def _instead(situation: Situation, table: Table) -> tuple[str, ...]:
    if table.partitions:
        return (
            "Build the index CONCURRENTLY on each partition, create it ON ONLY the parent, and"
            " attach the partitions' indexes to it.",
        )
    first = "Build the index CONCURRENTLY, in a migration of its own with atomic = False."
    if situation.operation.kind in ("AddField", "AlterField"):
        return (
            "Leave the index out of the field's first migration.",
            first,
        )
    return (first,)


def _code(situation: Situation) -> str:
    statement, operation = situation.statement, situation.operation
    plain = f"CREATE INDEX {quoted(statement.name)} ON {statement.table}"
    names = tuple(column.name for column in statement.columns)
    if operation.kind == "AddIndex" and statement.sql == f"{plain} ({listed(names)})":
        fields = ", ".join(f'"{name}"' for name in names)
        index = f'index=models.Index(fields=[{fields}], name="{statement.name}")'
        add = code.call("AddIndexConcurrently", f'model_name="{operation.model}"', index)
        return code.operations(
            add,
            atomic=False,
            imports=["from django.contrib.postgres.operations import AddIndexConcurrently"],
        )
    return code.by_steps(situation, _rewrite(situation))


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    statement = situation.statement
    if statement.kind is not Kind.CREATE_INDEX or not statement.concurrently:
        return ()
    table = standing(situation.database, statement.table)
    if table is None or table.partitions:
        return ()
    return (steps.index(statement),)


HAZARD = Hazard(
    code=CODE,
    title="Index built under a lock",
    lock=Lock.SHARE,
    effects=(Effect.SCAN,),
    why="CREATE INDEX reads and sorts every row while it holds SHARE on the table: reads go on,"
    " every write waits until the index is built. Where the same transaction has altered the"
    " table before, as AddField with db_index=True does, its ACCESS EXCLUSIVE is still held and"
    " reads wait too; where it has added a foreign key, writes to the other table wait as well.",
    remedy="Build it with CREATE INDEX CONCURRENTLY, outside a transaction: writes go on. It reads"
    " the table twice and waits for every older transaction of the database, so it takes longer;"
    " nobody waits for it. If it fails it leaves an invalid index, which has to be dropped first.",
    find=_find,
    rewrite=_rewrite,
)
