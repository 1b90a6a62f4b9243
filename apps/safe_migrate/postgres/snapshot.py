"""What a database holds, read inside the one snapshot that pg_dump then dumps from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, IsolationLevel, sql

from safe_migrate.postgres import databases, fingerprint, schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The database in one snapshot."""

    database: str
    lsn: str
    system_identifier: str
    owner: str
    create: dict[str, str]
    settings: list[list[str]]
    acl: list[list[Any]] | None
    comment: str
    extensions: dict[str, str]
    objects: dict[str, str]
    rows: dict[str, int]
    fingerprints: dict[str, str]
    migrations: list[list[str]]


@contextmanager
def exported(session: Connection) -> Iterator[str]:
    """Open a repeatable-read, read-only transaction and export its snapshot.

    Gives what pg_dump --snapshot takes; it ends with the context. (PostgreSQL manual, 9.28.5
    "Snapshot Synchronization Functions".)
    """
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    session.read_only = True
    with session.transaction():
        yield _value(session, "SELECT pg_export_snapshot()")


def contents(session: Connection, *, fingerprints: bool) -> Contents:
    """What the session's transaction sees, with exact row counts."""
    database = session.info.dbname
    rows = count_rows(session)
    return Contents(
        database=database,
        lsn=_value(session, "SELECT pg_current_wal_lsn()"),
        system_identifier=_system_identifier(session),
        owner=databases.owner(session, database),
        create=databases.create_options(session, database),
        settings=databases.settings(session, database),
        acl=databases.acl(session, database),
        comment=databases.comment(session, database),
        extensions=dict(session.execute("SELECT extname, extversion FROM pg_extension").fetchall()),
        objects=schema.objects(session),
        rows=rows,
        fingerprints=fingerprint.fingerprints(session, rows) if fingerprints else {},
        migrations=_migrations(session),
    )


def _system_identifier(session: Connection) -> str:
    allowed = _value(
        session, "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')::text"
    )
    if allowed != "true":
        return ""
    return _value(session, "SELECT system_identifier::text FROM pg_control_system()")


def count_rows(session: Connection) -> dict[str, int]:
    """Exact counts, of the tables whose rows pg_dump dumps: not extensions' own, not foreign."""
    tables = session.execute(
        """
        SELECT n.nspname, c.relname FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.relpersistence <> 't'
          AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1, 2
        """
    ).fetchall()
    counted = {}
    for namespace, table in tables:
        query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(namespace, table))
        row = session.execute(query).fetchone()
        counted[f"{namespace}.{table}"] = row[0] if row else 0
    return counted


def _migrations(session: Connection) -> list[list[str]]:
    if _value(session, "SELECT (to_regclass('django_migrations') IS NOT NULL)::text") != "true":
        return []
    rows = session.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return [list(row) for row in rows]


def _value(session: Connection, query: str) -> str:
    row = session.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""
