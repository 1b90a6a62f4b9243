"""Which tables a statement locks, and how strongly: seen in pg_locks on PostgreSQL 16 and 18."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Lock, Situation
from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind, Kind, Statement
from safe_migrate.hazards.words import quoted, standing

_STRENGTH = {lock: number for number, lock in enumerate(Lock)}
_OF_KIND = {
    Kind.CLUSTER: Lock.ACCESS_EXCLUSIVE,
    Kind.COMMENT: Lock.SHARE_UPDATE_EXCLUSIVE,
    Kind.CREATE_TRIGGER: Lock.SHARE_ROW_EXCLUSIVE,
    Kind.CREATE_VIEW: Lock.ACCESS_SHARE,
    Kind.DELETE: Lock.ROW_EXCLUSIVE,
    Kind.DROP: Lock.ACCESS_EXCLUSIVE,
    Kind.INSERT: Lock.ROW_EXCLUSIVE,
    Kind.MAINTENANCE: Lock.SHARE_UPDATE_EXCLUSIVE,
    Kind.MERGE: Lock.ROW_EXCLUSIVE,
    Kind.POLICY: Lock.ACCESS_EXCLUSIVE,
    Kind.PUBLICATION: Lock.SHARE_UPDATE_EXCLUSIVE,
    Kind.RENAME: Lock.ACCESS_EXCLUSIVE,
    Kind.SELECT: Lock.ACCESS_SHARE,
    Kind.STATISTICS: Lock.SHARE_UPDATE_EXCLUSIVE,
    Kind.TRUNCATE: Lock.ACCESS_EXCLUSIVE,
    Kind.UPDATE: Lock.ROW_EXCLUSIVE,
    Kind.VACUUM_FULL: Lock.ACCESS_EXCLUSIVE,
}
_CONCURRENT = {
    Kind.CREATE_INDEX: (Lock.SHARE_UPDATE_EXCLUSIVE, Lock.SHARE),
    Kind.DROP_INDEX: (Lock.SHARE_UPDATE_EXCLUSIVE, Lock.ACCESS_EXCLUSIVE),
    Kind.REFRESH: (Lock.EXCLUSIVE, Lock.ACCESS_EXCLUSIVE),
    Kind.REINDEX: (Lock.SHARE_UPDATE_EXCLUSIVE, Lock.SHARE),
}
_WEAK_ACTIONS = {
    ActionKind.STORAGE: Lock.SHARE_UPDATE_EXCLUSIVE,
    ActionKind.VALIDATE_CONSTRAINT: Lock.SHARE_UPDATE_EXCLUSIVE,
    ActionKind.ATTACH_PARTITION: Lock.SHARE_UPDATE_EXCLUSIVE,
}


def stronger(one: Lock, other: Lock) -> Lock:
    """The stronger of two modes."""
    return max(one, other, key=_STRENGTH.__getitem__)


def holds_up(lock: Lock) -> bool:
    """Whether anybody who reads or writes rows waits for it."""
    return _STRENGTH[lock] >= _STRENGTH[Lock.SHARE]


def taken(statement: Statement, database: Database) -> dict[str, Lock]:
    """Table → the strongest lock that a statement takes on it; only tables that others use."""
    found: dict[str, Lock] = {}
    for name, lock in _locks(statement, database):
        if lock is not Lock.NONE and (table := standing(database, name)):
            found[table.name] = stronger(lock, found.get(table.name, Lock.NONE))
    return found


def held(situation: Situation) -> dict[str, Lock]:
    """Table → lock for those that somebody waits for because of what ran before in the transaction.

    The database is the one after those statements: a table that is gone by then was there before,
    unless they made it.
    """
    found: dict[str, Lock] = {}
    if not situation.operation.atomic:
        return found
    database = situation.database
    made = {s.table for s in situation.earlier if s.kind is Kind.CREATE_TABLE}
    for earlier in situation.earlier:
        locks = taken(earlier, database)
        if earlier.kind is Kind.DROP_TABLE and not database.assumed:
            gone = (name for name in earlier.tables if name not in made and not earlier.if_exists)
            locks |= dict.fromkeys(gone, Lock.ACCESS_EXCLUSIVE)
        elif earlier.kind is Kind.RENAME and earlier.object == "table":
            renamed = standing(database, quoted(earlier.new_name))
            locks |= {renamed.name: Lock.ACCESS_EXCLUSIVE} if renamed else {}
        for name, lock in locks.items():
            if holds_up(lock):
                found[name] = stronger(lock, found.get(name, Lock.NONE))
    return found


def _locks(statement: Statement, database: Database) -> Iterator[tuple[str, Lock]]:
    kind = statement.kind
    if kind is Kind.ALTER_TABLE:
        for action in statement.actions:
            yield from _of_action(statement.table, action, database)
    elif kind is Kind.CREATE_TABLE:
        yield statement.partition_of, Lock.ACCESS_EXCLUSIVE
        beside = [constraint for column in statement.columns for constraint in column.constraints]
        for constraint in (*statement.constraints, *beside):
            yield constraint.references, Lock.SHARE_ROW_EXCLUSIVE
    elif kind is Kind.DROP_TABLE:
        yield from _dropped(statement, database)
    elif kind is Kind.LOCK:
        for name in statement.tables:
            yield name, Lock(statement.mode)
    elif kind in _CONCURRENT:
        lock = _CONCURRENT[kind][0 if statement.concurrent else 1]
        for name in statement.tables or _with_index(statement.name, database):
            yield name, lock
    else:
        yield from _plain(statement, database)


def _plain(statement: Statement, database: Database) -> Iterator[tuple[str, Lock]]:
    lock = _OF_KIND.get(statement.kind, Lock.NONE)
    own = 1 if lock is Lock.ROW_EXCLUSIVE else len(statement.tables)
    for position, name in enumerate(statement.tables):
        yield name, lock if position < own else Lock.ACCESS_SHARE
        if statement.kind is Kind.TRUNCATE and statement.cascade:
            table = standing(database, name)
            for other in table.referenced_by if table else ():
                yield other, Lock.ACCESS_EXCLUSIVE


def _of_action(table: str, action: Action, database: Database) -> Iterator[tuple[str, Lock]]:
    yield table, _own(action)
    beside = action.column.constraints if action.column else ()
    for constraint in (*beside, action.constraint):
        if constraint:
            yield constraint.references, Lock.SHARE_ROW_EXCLUSIVE
    if action.kind in (ActionKind.DROP_COLUMN, ActionKind.DROP_CONSTRAINT):
        for name in _referenced(table, action, database):
            yield name, Lock.ACCESS_EXCLUSIVE
    if action.kind in (ActionKind.ATTACH_PARTITION, ActionKind.DETACH_PARTITION):
        yield action.name, Lock.ACCESS_EXCLUSIVE


def _own(action: Action) -> Lock:
    """What a subcommand takes on the table itself."""
    if action.option == "SetStorage":
        return Lock.ACCESS_EXCLUSIVE
    if action.kind is ActionKind.TRIGGERS and not action.option.endswith("Rule"):
        return Lock.SHARE_ROW_EXCLUSIVE
    if action.kind is ActionKind.DETACH_PARTITION and action.concurrent:
        return Lock.SHARE_UPDATE_EXCLUSIVE
    if action.constraint and action.constraint.kind is ConstraintKind.FOREIGN_KEY:
        return Lock.SHARE_ROW_EXCLUSIVE
    return _WEAK_ACTIONS.get(action.kind, Lock.ACCESS_EXCLUSIVE)


def _referenced(table: str, action: Action, database: Database) -> Iterator[str]:
    """What the foreign keys point to that go with a column or by their name."""
    known = standing(database, table)
    by_column = action.kind is ActionKind.DROP_COLUMN
    for constraint in known.constraints if known else ():
        if action.name in (constraint.columns if by_column else (constraint.name,)):
            yield constraint.references


def _dropped(statement: Statement, database: Database) -> Iterator[tuple[str, Lock]]:
    for name in statement.tables:
        yield name, Lock.ACCESS_EXCLUSIVE
        table = standing(database, name)
        for constraint in table.constraints if table else ():
            yield constraint.references, Lock.ACCESS_EXCLUSIVE
        for other in table.referenced_by if table else ():
            yield other, Lock.ACCESS_EXCLUSIVE


def _with_index(name: str, database: Database) -> Iterator[str]:
    """The table of an index, which DROP INDEX and REINDEX do not name."""
    for table in database.tables.values():
        for index in table.indexes:
            own = quoted(index.name)
            if name in (own, index.name) or name.endswith(f".{own}"):
                yield table.name
