"""The server and the databases of a campaign, in one folder that is gone at its end."""

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from safe_migrate.postgres.embedded import Cluster
from tests.faults import bucket_server
from tests.faults.bucket_server import Buckets
from tests.projects import wait_until
from tests.servers import Server

CONTENT = """
CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL, born date);
INSERT INTO author SELECT i, md5(i::text), '1900-01-01'::date + i FROM generate_series(1, 200) i;
CREATE TABLE print (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author int NOT NULL REFERENCES author,
    text text NOT NULL CHECK (text <> ''),
    more jsonb
);
INSERT INTO print (author, text, more)
    SELECT i % 200 + 1, md5(random()::text) || md5(random()::text), jsonb_build_object('n', i)
    FROM generate_series(1, {rows}) i;
CREATE INDEX print_author ON print (author);
CREATE VIEW prolific AS SELECT author, count(*) FROM print GROUP BY author HAVING count(*) > 3;
INSERT INTO shelf_book (title) SELECT md5(i::text) FROM generate_series(1, 500) i;
"""
# What has happened to the data since the backup.
LATER = """
DELETE FROM print WHERE id % 7 = 0;
UPDATE shelf_book SET title = 'later ' || id WHERE id % 3 = 0;
INSERT INTO author VALUES (1000, 'a later one', NULL);
"""
# A run's own notes come and go with every run.
LEFT_OUT = ("safe_migrate_run", "safe_migrate_checksum")


@dataclass
class World:
    """One campaign's own cluster and folder."""

    root: Path
    cluster: Cluster
    server: Server
    stack: ExitStack
    """Ends what is started for some faults only."""
    _buckets: Buckets | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def buckets(self) -> Buckets:
        """The S3 server, started when it is first asked for."""
        with self._starting:
            self._buckets = self._buckets or self.stack.enter_context(bucket_server.running())
        return self._buckets

    def role(self, name: str, password: str) -> None:
        """One that may log in and create databases, and owns what it makes."""
        with self.server.connect() as own:
            own.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    sql.Identifier(name), sql.Literal(password)
                )
            )

    def kill_server(self) -> None:
        """SIGKILL of the postmaster and all its children: what a power cut does."""
        [line] = (self.root / "server" / "18" / "postmaster.pid").read_text().splitlines()[:1]
        listed = Path(f"/proc/{line}/task/{line}/children").read_text().split()
        for pid in (int(line), *map(int, listed)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Until they are gone the port is theirs.
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in listed), "its end")

    def revive_server(self) -> None:
        """Start it again where it does not run, on the port that it had."""
        address = self.cluster.ensure()
        self.server = Server(address.host, address.port, address.user, address.password)
        wait_until(self._answers, "the server to have recovered", 60)

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.server.connect():
            return True
        return False

    def reset(self, database: str, template: str, owner: str) -> None:
        """Make a database anew from a template; what restores left beside it goes."""
        with self.server.connect() as own:
            self._drop(own, database)
            own.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(database), sql.Identifier(template), sql.Identifier(owner)
                )
            )

    def drop(self, database: str) -> None:
        """With all that is named after it."""
        with self.server.connect() as own:
            self._drop(own, database)

    def _drop(self, own: psycopg.Connection, database: str) -> None:
        rows = own.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)",
            [database, f"{database}__"],
        ).fetchall()
        for (name,) in rows:
            own.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def keep(self, database: str, name: str, owner: str) -> None:
        """Keep the present state of a database as a template."""
        with self.server.connect() as own:
            own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database],
            )
        self.reset(name, database, owner)

    def state(self, database: str) -> dict[str, str]:
        """What a database holds, so that two states can be compared; `none` where it is not there.

        One that a killed swap has closed is looked into all the same.
        """
        with self.server.connect() as own:
            rows = own.execute(
                "SELECT datallowconn FROM pg_database WHERE datname = %s", [database]
            ).fetchall()
            if not rows:
                return {"none": "there is no such database"}
            closed = not rows[0][0]
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            if closed:
                own.execute(allow.format(sql.Identifier(database), True))
            with self.server.connect(database) as inside:
                found = {**_tables(inside), **_schema(inside)}
            if closed:
                own.execute(allow.format(sql.Identifier(database), False))
        return found


def _tables(own: psycopg.Connection) -> dict[str, str]:
    rows = own.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'"
    ).fetchall()
    found = {}
    for schema, table in rows:
        if table not in LEFT_OUT:
            query = sql.SQL(
                "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text"
                ' COLLATE "C")), {}) FROM {} t'
            ).format(sql.Literal(""), sql.Identifier(schema, table))
            found[f"{schema}.{table}"] = own.execute(query).fetchall()[0][0]
    return found


def _schema(own: psycopg.Connection) -> dict[str, str]:
    """Definitions of what is not a table's rows."""
    asked = {
        "columns": "SELECT table_schema, table_name, column_name, data_type, is_nullable,"
        " column_default FROM information_schema.columns"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^pg_|^information'"
        " AND contype <> 'n' ORDER BY 1, 2",
        "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_'"
        " ORDER BY 1, 2",
        "views": "SELECT viewname, definition FROM pg_views"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
        "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
        "owners": "SELECT relname, relowner::regrole::text FROM pg_class"
        " WHERE relnamespace::regnamespace::text !~ '^pg_|^information' AND relkind <> 'i'"
        " AND relname <> ALL (%s) ORDER BY 1",
        "database": "SELECT datdba::regrole::text FROM pg_database"
        " WHERE datname = current_database()",
    }
    found = {}
    for name, query in asked.items():
        rows = own.execute(query.encode(), [list(LEFT_OUT)] if "%s" in query else None).fetchall()
        said = "\n".join(map(str, rows))
        found[name] = hashlib.sha256(said.encode()).hexdigest()[:16] + f" {len(rows)}"
    return found


@contextmanager
def opened() -> Iterator[World]:
    """A world of its own; nothing of it is left."""
    root = Path(tempfile.mkdtemp(prefix="faults-"))
    root.chmod(0o711)
    cluster = Cluster(root / "server", 18, {"fsync": "off"})
    try:
        address = cluster.ensure()
        server = Server(address.host, address.port, address.user, address.password)
        with ExitStack() as stack:
            yield World(root, cluster, server, stack)
    finally:
        cluster.stop()
        shutil.rmtree(root, ignore_errors=True)
