"""How a database stands on its server, asked from the maintenance database. Writes nothing."""

from dataclasses import dataclass

import psycopg
from psycopg import Connection

from safe_migrate.postgres import databases, swap


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A database, which need not exist, and our role."""

    exists: bool
    accepts: bool
    owner: str
    owns: bool
    """Our role may do what the owner may."""
    user: str
    may_create: bool
    size: int
    """Bytes on disk; 0 where we may not ask."""
    tablespace: str
    system_identifier: str
    lsn: str
    server_major: int
    server_version: str


def look(maintenance: Connection, database: str) -> Standing:
    """All of it; what our role may not see is empty."""
    there = databases.exists(maintenance, database)
    row = maintenance.execute(
        """
        SELECT current_user, (SELECT rolcreatedb OR rolsuper FROM pg_roles
                              WHERE rolname = current_user),
               coalesce(pg_has_role(d.datdba, 'USAGE'), false),
               CASE WHEN pg_has_role(d.datdba, 'USAGE') OR has_database_privilege(d.oid, 'CONNECT')
                    THEN pg_database_size(d.oid) ELSE 0 END,
               coalesce((SELECT spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace), ''),
               CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_current_wal_lsn()::text END
        FROM (VALUES (%s)) wanted(name) LEFT JOIN pg_database d ON d.datname = wanted.name
        """,
        [database],
    ).fetchone()
    assert row is not None  # noqa: S101 (an outer join of one row)
    user, may_create, owns, size, tablespace, lsn = row
    return Standing(
        exists=there,
        accepts=swap.accepts(maintenance, database),
        owner=databases.owner(maintenance, database),
        owns=owns,
        user=user,
        may_create=may_create,
        size=size or 0,
        tablespace=tablespace,
        system_identifier=_system_identifier(maintenance),
        lsn=lsn,
        server_major=maintenance.info.server_version // 10000,
        server_version=maintenance.info.parameter_status("server_version") or "",
    )


def _system_identifier(maintenance: Connection) -> str:
    try:
        row = maintenance.execute(
            "SELECT system_identifier::text FROM pg_control_system()"
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return ""
    return str(row[0]) if row else ""


def attached(maintenance: Connection, database: str) -> list[str]:
    """What belongs to this very database and would be lost or stranded by exchanging it."""
    rows = maintenance.execute(
        """
        SELECT 'the logical replication slot ' || quote_literal(slot_name)
        FROM pg_replication_slots WHERE database = %(name)s
        UNION ALL
        SELECT 'the subscription ' || quote_literal(subname)
        FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = %(name)s
        UNION ALL
        SELECT 'the prepared transaction ' || quote_literal(gid)
        FROM pg_prepared_xacts WHERE database = %(name)s
        ORDER BY 1
        """,
        {"name": database},
    ).fetchall()
    return [text for (text,) in rows]


def may_give_to(maintenance: Connection, role: str) -> bool:
    """Whether our role may make a database that belongs to another one; False for no such role."""
    right = "SET" if maintenance.info.server_version >= 160000 else "MEMBER"
    row = maintenance.execute(
        "SELECT pg_has_role(oid, %s) FROM pg_roles WHERE rolname = %s", [right, role]
    ).fetchone()
    return bool(row and row[0])


def is_empty(session: Connection) -> bool:
    """Whether the current database holds nothing that a user made."""
    row = session.execute("SELECT NOT EXISTS (SELECT FROM pg_class WHERE oid >= 16384)").fetchone()
    return bool(row and row[0])
