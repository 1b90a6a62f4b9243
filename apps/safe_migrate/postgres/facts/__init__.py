"""The database that a plan is for, from its catalog: one snapshot, a few queries, nothing written.

Only the tables that the plan names, and their neighbours, are read: sizes, columns, indexes,
constraints, and what hangs on them.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import tuple_row

from safe_migrate.facts.database import (
    Database,
    Dependent,
    ExistingColumn,
    ExistingConstraint,
    ExistingIndex,
    Table,
)
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.postgres.facts import queries

LOCK_TIMEOUT_MS = 500
"""Sizes are asked of the files under ACCESS SHARE; after this the catalog's own notes are taken."""
STATEMENT_TIMEOUT_MS = 30_000

_KINDS = {
    "c": ConstraintKind.CHECK,
    "f": ConstraintKind.FOREIGN_KEY,
    "n": ConstraintKind.NOT_NULL,
    "p": ConstraintKind.PRIMARY_KEY,
    "u": ConstraintKind.UNIQUE,
    "x": ConstraintKind.EXCLUSION,
}


def read(session: Connection, names: Iterable[str]) -> Database:
    """What is known of the tables of these names, quoted as a statement writes them.

    Names that nothing has are passed over; an index's name stands for its table. `session` is an
    idle one in autocommit; its time zone is the database's here. Any role may ask. Raises
    psycopg.Error.
    """
    try:
        return _read(session, sorted(set(names)), queries.SIZES)
    except psycopg.errors.LockNotAvailable:
        return _read(session, sorted(set(names)), queries.NOTED_SIZES)


def _read(session: Connection, names: list[str], sizes: dict[str, str]) -> Database:
    with session.transaction(force_rollback=True):
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        session.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        session.execute("SET LOCAL jit = off")
        session.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        ask = _Asking(session)
        [(major, search_path, icu, block_size, time_zone, seconds)] = ask.rows(queries.SERVER)
        oids = [oid for (oid,) in ask.rows(queries.SCOPE, names=names)]
        extensions = ask.rows(queries.EXTENSIONS)
        given = {"oids": oids, "block_size": block_size}
        sized = ask.rows(queries.TABLES.format(**sizes), **given)
        parts = _Parts(ask, given)
    tables = [_table(row, parts, seconds) for row in sized]
    return Database(
        major=major,
        tables={table.name: table for table in tables},
        search_path=tuple(search_path),
        extensions={name: version for name, version in extensions if version},
        available_extensions=frozenset(name for name, _ in extensions),
        icu=icu,
        time_zone=time_zone,
    )


class _Asking:
    """Queries on a session, each row a plain tuple."""

    def __init__(self, session: Connection) -> None:
        self._cursor = session.cursor(row_factory=tuple_row)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of one query."""
        return self._cursor.execute(query.encode(), values or None).fetchall()

    def by_table(self, query: str, values: dict[str, Any]) -> dict[int, list[tuple[Any, ...]]]:
        """The rows by their first column, which they lose."""
        found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for oid, *row in self.rows(query, **values):
            found[oid].append(tuple(row))
        return found


class _Parts:
    """What belongs to the tables, by their oids."""

    def __init__(self, ask: _Asking, given: dict[str, Any]) -> None:
        self.columns = ask.by_table(queries.COLUMNS, given)
        self.indexes = ask.by_table(queries.INDEXES, given)
        self.constraints = ask.by_table(queries.CONSTRAINTS, given)
        self.dependents = ask.by_table(queries.DEPENDENTS, given)
        self.names: dict[int, str] = {}
        self.referenced_by: dict[int, list[str]] = defaultdict(list)
        for oid, schema, name, other, other_schema, other_name in ask.rows(
            queries.REFERENCES, **given
        ):
            self.names[oid] = quoted(schema, name)
            self.names[other] = quoted(other_schema, other_name)
            self.referenced_by[other].append(self.names[oid])


def quoted(schema: str, name: str) -> str:
    """The full name, with quotes always, as facts.database has it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))


def _table(row: tuple[Any, ...], parts: _Parts, seconds: float | None) -> Table:
    oid, schema, name, partitioned, leaves, rows, size, index_bytes, row_security, statements = row
    per_second = statements / seconds if seconds and statements is not None else None
    return Table(
        name=quoted(schema, name),
        rows=rows,
        bytes=size,
        index_bytes=index_bytes,
        partitions=leaves if partitioned else 0,
        columns={column[0]: _column(column) for column in parts.columns[oid]},
        indexes=tuple(_index(index) for index in parts.indexes[oid]),
        constraints=tuple(_constraint(each, parts) for each in parts.constraints[oid]),
        referenced_by=tuple(dict.fromkeys(parts.referenced_by[oid])),
        dependents=tuple(
            Dependent(kind=kind, name=found, column=column)
            for kind, found, column in parts.dependents[oid]
        ),
        row_security=row_security,
        statements_per_second=per_second,
    )


def _column(row: tuple[Any, ...]) -> ExistingColumn:
    name, type_, not_null, has_default, generated, identity = row
    return ExistingColumn(
        name=name,
        type=type_,
        not_null=not_null,
        has_default=has_default,
        generated=generated,
        identity=identity,
    )


def _index(row: tuple[Any, ...]) -> ExistingIndex:
    name, unique, valid, primary, partial, size, columns, uses = row
    return ExistingIndex(
        name=name,
        columns=tuple(columns),
        unique=unique,
        valid=valid,
        primary=primary,
        partial=partial,
        bytes=size,
        uses=tuple(uses),
    )


def _constraint(row: tuple[Any, ...], parts: _Parts) -> ExistingConstraint:
    name, kind, validated, definition, other, columns = row
    return ExistingConstraint(
        name=name,
        kind=_KINDS[kind],
        columns=tuple(columns),
        references=parts.names.get(other, ""),
        validated=validated,
        definition=definition,
    )
