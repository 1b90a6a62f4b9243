"""What a database holds, read inside the one snapshot that pg_dump then dumps from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import Connection, IsolationLevel, sql


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The database in one snapshot."""

    snapshot: str
    """What pg_dump --snapshot takes; valid while the exporting transaction is open."""
    lsn: str
    database: str
    system_identifier: str
    encoding: str
    collation: str
    owner: str
    acl: str
    settings: list[str]
    extensions: dict[str, str]
    rows: dict[str, int]
    migrations: list[list[str]]


@contextmanager
def exported(session: Connection) -> Iterator[Contents]:
    """Open a repeatable-read, read-only transaction, export its snapshot and read the contents.

    The snapshot ends with the context. (PostgreSQL manual, 9.28.5 "Snapshot Synchronization
    Functions".)
    """
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    session.read_only = True
    with session.transaction():
        name = _value(session, "SELECT pg_export_snapshot()")
        yield _contents(session, name)


def _contents(session: Connection, snapshot: str) -> Contents:
    row = session.execute(
        """
        SELECT pg_current_wal_lsn()::text, datname, pg_encoding_to_char(encoding), datcollate,
               pg_get_userbyid(datdba), coalesce(datacl::text, '')
        FROM pg_database WHERE datname = current_database()
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (the current database has a row)
    lsn, database, encoding, collation, owner, acl = row
    return Contents(
        snapshot=snapshot,
        lsn=lsn,
        database=database,
        system_identifier=_system_identifier(session),
        encoding=encoding,
        collation=collation,
        owner=owner,
        acl=acl,
        settings=_settings(session),
        extensions=dict(session.execute("SELECT extname, extversion FROM pg_extension").fetchall()),
        rows=dict(_rows(session)),
        migrations=_migrations(session),
    )


def _system_identifier(session: Connection) -> str:
    allowed = _value(
        session, "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')::text"
    )
    if allowed != "true":
        return ""
    return _value(session, "SELECT system_identifier::text FROM pg_control_system()")


def _settings(session: Connection) -> list[str]:
    rows = session.execute(
        """
        SELECT unnest(setconfig) FROM pg_db_role_setting
        WHERE setrole = 0
          AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
    ).fetchall()
    return [setting for (setting,) in rows]


def _rows(session: Connection) -> Iterator[tuple[str, int]]:
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
    for schema, table in tables:
        query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
        row = session.execute(query).fetchone()
        yield f"{schema}.{table}", row[0] if row else 0


def _migrations(session: Connection) -> list[list[str]]:
    if _value(session, "SELECT (to_regclass('django_migrations') IS NOT NULL)::text") != "true":
        return []
    rows = session.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return [list(row) for row in rows]


def _value(session: Connection, query: str) -> str:
    row = session.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""
