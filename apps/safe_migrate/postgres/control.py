"""The tool's own tables: created and upgraded here, in each migrated database, never by migrations.

They must exist before any migration has run, and survive one that drops everything else's apps.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from safe_migrate.errors import Refused
from safe_migrate.facts import Checksum
from safe_migrate.policy import Environment
from safe_migrate.version import VERSION

STAMP = "safe_migrate_stamp"
CHECKSUM = "safe_migrate_checksum"
RUN = "safe_migrate_run"
TABLES = (STAMP, CHECKSUM, RUN)

_FIRST = """
CREATE TABLE safe_migrate_stamp (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    environment text NOT NULL,
    stamped_at timestamptz NOT NULL DEFAULT now(),
    stamped_by text NOT NULL DEFAULT session_user
);
CREATE TABLE safe_migrate_checksum (
    app text NOT NULL,
    name text NOT NULL,
    source_sha256 text NOT NULL,
    code_sha256 text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app, name)
);
CREATE TABLE safe_migrate_run (
    id uuid PRIMARY KEY,
    command text NOT NULL,
    environment text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text NOT NULL,
    exit_code integer,
    backup_id text,
    report jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX safe_migrate_run_started_at ON safe_migrate_run (started_at);
"""
# What each version of the control tables adds to the one before; only ever appended to.
UPGRADES = (_FIRST,)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The environment's name as the database knows it."""

    environment: Environment
    stamped_at: datetime
    stamped_by: str


def exists(session: Connection, table: str = RUN) -> bool:
    """Whether a control table is there; RUN is created last."""
    row = session.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    return bool(row and row[0])


def version(session: Connection) -> int:
    """Of the control tables that are there, as the last one's comment says; 0 for none."""
    row = session.execute(
        "SELECT coalesce(obj_description(to_regclass(%s), 'pg_class'), '0')", [RUN]
    ).fetchone()
    return int(row[0]) if row else 0


def ensure(session: Connection) -> None:
    """Create or upgrade the tables, in one transaction; called under the runner's lock.

    Raises Refused (SM-E161) where a newer version of this tool has been here.
    """
    present = version(session)
    if present > len(UPGRADES):
        raise Refused(
            "SM-E161",
            f"The control tables are of version {present}; this safe_migrate {VERSION} knows them "
            f"up to version {len(UPGRADES)}.",
            next="pip install --upgrade django-pg-safe-migrate",
        )
    if present == len(UPGRADES):
        return
    with session.transaction():
        for number, statements in enumerate(UPGRADES[present:], present + 1):
            session.execute(statements)
            session.execute(f"COMMENT ON TABLE {RUN} IS '{number}'")


def read_stamp(session: Connection) -> Stamp | None:
    """The stamp, or None where the database has none yet. Writes nothing.

    Raises Refused (SM-E116) where it is the name of no environment.
    """
    if not exists(session, STAMP):
        return None
    row = session.execute(
        "SELECT environment, stamped_at, stamped_by FROM safe_migrate_stamp"
    ).fetchone()
    if row is None:
        return None
    if row[0] not in list(Environment):
        raise Refused(
            "SM-E116",
            f"The database {session.info.dbname!r} is stamped {row[0]!r}, which is no environment. "
            f"Known are: {', '.join(Environment)}.",
            next="python manage.py safe_doctor --stamp NAME",
        )
    return Stamp(Environment(row[0]), row[1], row[2])


def write_stamp(session: Connection, environment: Environment) -> None:
    """Stamp the database, replacing another stamp; the control tables must exist."""
    session.execute(
        "INSERT INTO safe_migrate_stamp (environment) VALUES (%s) ON CONFLICT (singleton) DO UPDATE"
        " SET environment = excluded.environment, stamped_at = now(), stamped_by = session_user",
        [environment.value],
    )


def read_checksums(session: Connection) -> dict[tuple[str, str], Checksum]:
    """(app, name) → what the migration's file was when it was recorded as applied."""
    if not exists(session, CHECKSUM):
        return {}
    rows = session.execute(
        "SELECT app, name, source_sha256, code_sha256 FROM safe_migrate_checksum"
    ).fetchall()
    return {(app, name): Checksum(source, code) for app, name, source, code in rows}


def write_checksums(session: Connection, checksums: dict[tuple[str, str], Checksum]) -> None:
    """Record what the files of applied migrations are now."""
    with session.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO safe_migrate_checksum (app, name, source_sha256, code_sha256)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (app, name) DO UPDATE SET"
            " source_sha256 = excluded.source_sha256, code_sha256 = excluded.code_sha256,"
            " recorded_at = now()",
            [(app, name, c.source, c.code) for (app, name), c in checksums.items()],
        )


def forget_checksums(session: Connection, keys: list[tuple[str, str]]) -> None:
    """Drop the records of migrations that are no longer applied."""
    with session.cursor() as cursor:
        cursor.executemany("DELETE FROM safe_migrate_checksum WHERE app = %s AND name = %s", keys)


def begin_run(
    session: Connection, run_id: str, command: str, environment: Environment, started_at: datetime
) -> None:
    """Note that a run has begun; a row that stays so was cut off."""
    session.execute(
        "INSERT INTO safe_migrate_run (id, command, environment, started_at, outcome)"
        " VALUES (%s, %s, %s, %s, 'running')",
        [run_id, command, environment.value, started_at],
    )


def end_run(
    session: Connection,
    run_id: str,
    *,
    outcome: str,
    exit_code: int,
    backup_id: str | None,
    report: dict[str, Any],
) -> None:
    """Note how a run ended; earlier runs that were cut off are closed with it."""
    session.execute(
        "UPDATE safe_migrate_run SET outcome = 'cut off' WHERE outcome = 'running' AND id <> %s",
        [run_id],
    )
    session.execute(
        "UPDATE safe_migrate_run SET finished_at = clock_timestamp(), outcome = %s,"
        " exit_code = %s, backup_id = %s, report = %s WHERE id = %s",
        [outcome, exit_code, backup_id, Jsonb(report), run_id],
    )


def unfinished_runs(session: Connection) -> list[tuple[datetime, str]]:
    """(started, command) of runs that were cut off, newest first; only true under the lock."""
    if not exists(session, RUN):
        return []
    return session.execute(
        "SELECT started_at AT TIME ZONE 'UTC', command FROM safe_migrate_run"
        " WHERE outcome = 'running' ORDER BY started_at DESC"
    ).fetchall()


def recent_runs(session: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest runs with their reports."""
    if not exists(session, RUN):
        return []
    names = "id command environment started_at finished_at outcome exit_code backup_id report"
    rows = session.execute(
        "SELECT id::text, command, environment, started_at AT TIME ZONE 'UTC',"
        " finished_at AT TIME ZONE 'UTC', outcome, exit_code, backup_id, report"
        " FROM safe_migrate_run ORDER BY started_at DESC LIMIT %s",
        [limit],
    ).fetchall()
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def holds_data(session: Connection) -> bool:
    """Whether any table of a user holds a row; tables of extensions and our own do not count."""
    tables = session.execute(
        """
        SELECT n.nspname, c.relname FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p')
          AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
          AND c.relname <> ALL (%s)
          AND NOT EXISTS (
              SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        """,
        [list(TABLES)],
    ).fetchall()
    return any(_has_row(session, schema, table) for schema, table in tables)


def _has_row(session: Connection, schema: str, table: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, table))
    row = session.execute(query).fetchone()
    return bool(row and row[0])
