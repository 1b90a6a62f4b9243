"""A table changed in shape while checks of its changed rows are still to come."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import ConstraintKind, Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import same, shown

CODE = "SM-H404"
# Measured on 16 and 18: RENAME, COMMENT, triggers, policies and REINDEX bear pending events.
_REFUSED = (
    Kind.ALTER_TABLE,
    Kind.CLUSTER,
    Kind.CREATE_INDEX,
    Kind.DROP_TABLE,
    Kind.TRUNCATE,
)


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind not in _REFUSED or not situation.operation.atomic:
        return
    table = database.table(statement.table)
    if table is None:
        return
    for earlier in _deferred(situation.earlier):
        if reason := _queues(earlier, table, database):
            yield _danger(statement, table, reason)
            return


def _danger(statement: Statement, table: Table, reason: str) -> Danger:
    name = shown(table.name)
    return Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"{reason} earlier in this transaction, and its foreign keys are checked at the"
            f" transaction's end: {statement.kind.upper()} of {name} then fails with"
            ' "pending trigger events", but only where rows were changed'
        ),
        instead=(
            "Put what changes rows and what changes the table into migrations of their own.",
            "Where they have to stay together, let the checks run in between.",
        ),
        code_instead='migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop)',
        phase=Phase.SPLIT,
    )


def _deferred(earlier: tuple[Statement, ...]) -> Iterator[Statement]:
    """Those whose checks are still to come: SET CONSTRAINTS ALL IMMEDIATE runs and ends them."""
    waiting: list[Statement] = []
    immediate = False
    for statement in earlier:
        if statement.kind is Kind.SET_CONSTRAINTS and not statement.calls:
            immediate = statement.mode == "immediate"
            waiting = [] if immediate else waiting
        elif not immediate:
            waiting.append(statement)
    yield from waiting


def _queues(change: Statement, table: Table, database: Database) -> str:
    """How a change leaves checks behind on the table; empty where it does not."""
    keys = [c for c in table.constraints if c.kind is ConstraintKind.FOREIGN_KEY]
    keys = [c for c in keys if not c.definition or "INITIALLY DEFERRED" in c.definition]
    name = shown(table.name)
    if change.kind is Kind.CODE and (keys or table.referenced_by):
        return f"A program may have changed rows of {name}"
    if change.kind not in (Kind.DELETE, Kind.INSERT, Kind.MERGE, Kind.UPDATE):
        return ""
    if not same(database, change.table, table.name):
        return ""
    changed = {column.name for column in change.columns}
    pointing = {column for key in keys for column in key.columns}
    pointed_at = {
        column
        for c in table.constraints
        if c.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
        for column in c.columns
    }
    verb = change.kind.upper()
    if change.kind in (Kind.INSERT, Kind.MERGE) and keys:
        return f"{verb} changed rows of {name}"
    if change.kind is Kind.UPDATE and changed & pointing:
        return f"{verb} changed foreign keys of {name}"
    if change.kind is Kind.UPDATE and table.referenced_by and changed & pointed_at:
        return f"{verb} changed keys of {name}"
    if change.kind is Kind.DELETE and table.referenced_by:
        return f"{verb} removed rows of {name}"
    return ""


HAZARD = Hazard(
    code=CODE,
    title="Pending trigger events",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.FAILS,),
    why=(
        "Django's foreign keys are checked when the transaction ends. Until then the rows that"
        " were changed have checks waiting, and PostgreSQL refuses to change the shape of their"
        " table. On an empty database nothing waits: the migration passes every test and fails in"
        " production."
    ),
    remedy="Change rows and tables in different migrations, or run the checks in between.",
    find=_find,
)
