"""What a table's rows are, as one short text that does not depend on their order."""

from collections.abc import Iterable, Iterator
from typing import Any

from psycopg import Connection, Cursor, sql
from psycopg.rows import tuple_row

from safe_migrate.postgres.pinned import pinned

LARGE_OBJECTS = "pg_largeobject"
"""What the content of all large objects is named, as if it were a table."""

# lo_get works for whoever may read the object, while the table itself is the superuser's.
_LARGE_OBJECTS = b"""
    WITH RECURSIVE piece(loid, start, size, hash) AS (
        SELECT oid, 0::bigint, length(data), sha256(data)
        FROM pg_largeobject_metadata, lo_get(oid, 0, 1048576) data
        UNION ALL
        SELECT loid, start + 1048576, length(data), sha256(data)
        FROM piece, lo_get(loid, start + 1048576, 1048576) data WHERE size = 1048576)
    SELECT count(*) FILTER (WHERE start = 0),
           sum(hashtextextended(loid || ' ' || start || ' ' || hash::text, 0))
    FROM piece
"""

# A virtual column holds nothing, and reading it may fail.
_TABLES = """
    SELECT n.nspname || '.' || c.relname, n.nspname, c.relname, ARRAY(
        SELECT a.attname::text COLLATE "C" FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
        ORDER BY 1)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname || '.' || c.relname = ANY (%s) AND n.nspname !~ '^pg_'
      AND (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
    ORDER BY 1, 2
"""

_ROWS = sql.SQL('SELECT count(*), sum(hashtextextended(ROW({})::text COLLATE "C", 0)) FROM ONLY {}')


def fingerprints(session: Connection, tables: Iterable[str]) -> dict[str, str]:
    """ "schema.table" → "number of rows:sum of the rows' hashes" for each that there is.

    Of the table alone, without partitions and children; of materialised views too where they are
    populated. LARGE_OBJECTS is added where there are any. Equal on every version of PostgreSQL,
    whatever the order of rows and columns. Where two tables answer to one name (schema `a.b`, table
    `c` and schema `a`, table `b.c`) it is of both together. Raises
    psycopg.errors.InsufficientPrivilege where the role may not read all rows.
    """
    wanted = list(tables)
    with pinned(session):
        return dict(_fingerprints(session, wanted))


def _fingerprints(session: Connection, wanted: list[str]) -> Iterator[tuple[str, str]]:
    cursor = session.cursor(row_factory=tuple_row)
    found: dict[str, tuple[int, int]] = {}
    if (large := _totals(cursor.execute(_LARGE_OBJECTS)))[0]:
        found[LARGE_OBJECTS] = large
    for name, schema, table, columns in cursor.execute(_TABLES.encode(), [wanted]).fetchall():
        query = _ROWS.format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
        )
        rows, total = _totals(cursor.execute(query))
        other = found.get(name, (0, 0))
        found[name] = (rows + other[0], total + other[1])
    for name, (rows, total) in found.items():
        yield name, f"{rows}:{total}"


def _totals(cursor: Cursor[tuple[Any, ...]]) -> tuple[int, int]:
    rows, total = cursor.fetchone() or (0, None)
    return rows, int(total or 0)
