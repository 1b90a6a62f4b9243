"""The tool's own tables: created and upgraded here, in each migrated database, never by migrations.

They must exist before any migration has run, and survive one that drops everything else's apps.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection, sql

from safe_migrate.policy import Environment

STAMP = "safe_migrate_stamp"
CHECKSUM = "safe_migrate_checksum"
RUN = "safe_migrate_run"
TABLES = (STAMP, CHECKSUM, RUN)

_CREATE = """
CREATE TABLE IF NOT EXISTS safe_migrate_stamp (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    environment text NOT NULL,
    stamped_at timestamptz NOT NULL DEFAULT now(),
    stamped_by text NOT NULL DEFAULT session_user
);
CREATE TABLE IF NOT EXISTS safe_migrate_checksum (
    app text NOT NULL,
    name text NOT NULL,
    source_sha256 text NOT NULL,
    code_sha256 text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app, name)
);
CREATE TABLE IF NOT EXISTS safe_migrate_run (
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
CREATE INDEX IF NOT EXISTS safe_migrate_run_started_at ON safe_migrate_run (started_at);
"""


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


def ensure(session: Connection) -> None:
    """Create what is missing, in one transaction; idempotent, called under the runner's lock."""
    if exists(session):
        return
    with session.transaction():
        session.execute(_CREATE)


def read_stamp(session: Connection) -> Stamp | None:
    """The stamp, or None where the database has none yet. Writes nothing."""
    if not exists(session, STAMP):
        return None
    row = session.execute(
        "SELECT environment, stamped_at, stamped_by FROM safe_migrate_stamp"
    ).fetchone()
    return Stamp(Environment(row[0]), row[1], row[2]) if row else None


def write_stamp(session: Connection, environment: Environment) -> None:
    """Stamp the database, replacing another stamp; the control tables must exist."""
    session.execute(
        "INSERT INTO safe_migrate_stamp (environment) VALUES (%s) ON CONFLICT (singleton) DO UPDATE"
        " SET environment = excluded.environment, stamped_at = now(), stamped_by = session_user",
        [environment.value],
    )


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
