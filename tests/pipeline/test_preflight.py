"""What is known to be wrong before anything is touched, against the real thing each time."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_migrate.postgres.embedded import Cluster, binaries
from tests import projects
from tests.projects import Foreign, Project, assert_failure, wait_until
from tests.servers import Server

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
BOUNCER = Path("/usr/sbin/pgbouncer")
ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'


def untouched(server: Server, database: str) -> bool:
    return server.query(database, "SELECT relname FROM pg_stat_user_tables") == []


def test_pg_dump_is_missing(
    foreign: Foreign, server: Server, database: str, tmp_path: Path
) -> None:
    empty = tmp_path / "no programs here"
    empty.mkdir()
    assert_failure(
        foreign.run("safe_migrate", PG_BIN=str(empty)),
        4,
        f"""
        SM-B101 No pg_dump was found in PG_BIN ({empty}): a backup cannot be made.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: apt-get install postgresql-client-{server.major}
        Or name the folder of the right one in PG_BIN.
        More: docs/errors.md#sm-b101
        """,
    )
    assert untouched(server, database)


@pytest.mark.skipif(not DEBIAN_15.is_dir(), reason="Debian's PostgreSQL 15 is not installed")
def test_pg_dump_is_older_than_the_server(foreign: Foreign, server: Server, database: str) -> None:
    if server.major == 15:
        pytest.skip("this server is of that version")
    result = foreign.run("safe_migrate", PG_BIN=str(DEBIAN_15))
    said = " ".join(result.failure().split())
    assert result.code == 4
    assert said.startswith(f"SM-B102 The server is PostgreSQL {server.major}; pg_dump (15."), said
    assert f"in {DEBIAN_15}) is older than the server and cannot dump it." in said
    assert f"Next: apt-get install postgresql-client-{server.major}" in said
    assert untouched(server, database)


def test_pg_dump_is_newer_than_the_server(server_16: Server, backups: Path, tmp_path: Path) -> None:
    with server_16.database() as database:
        project = projects.foreign(tmp_path / "p", server_16.url(database), backups)
        newer = binaries(18)
        assert_failure(
            project.run("safe_migrate", PG_BIN=str(newer)),
            4,
            f"""
            SM-B103 The server is PostgreSQL 16; pg_dump (18.4 in {newer}) is not of the server's
            version: what it dumps, this server may be unable to restore.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: apt-get install postgresql-client-16
            Or name the folder of the right one in PG_BIN.
            More: docs/errors.md#sm-b103
            """,
        )
        assert untouched(server_16, database)
        # Left to itself it finds the right one, and the run succeeds on 16 as well.
        project.ok("safe_migrate")


@pytest.fixture(scope="session")
def server_16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL 16 of the same wheel."""
    cluster = Cluster(tmp_path_factory.mktemp("sixteen"), 16, {"fsync": "off"})
    address = cluster.ensure()
    yield Server(address.host, address.port, address.user, address.password)
    cluster.stop()


@pytest.fixture
def standby(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A server in recovery, as a hot standby is, with a database in it."""
    cluster = Cluster(tmp_path / "standby", 18, {"fsync": "off"})
    address = cluster.ensure()
    Server(address.host, address.port, address.user, address.password).query(
        "postgres", "CREATE DATABASE replicated"
    )
    cluster.stop()
    (tmp_path / "standby" / "18" / "standby.signal").touch()
    address = cluster.ensure()
    yield Server(address.host, address.port, address.user, address.password), "replicated"
    cluster.stop()


def test_a_read_only_standby(standby: tuple[Server, str], backups: Path, tmp_path: Path) -> None:
    server, database = standby
    project = projects.foreign(tmp_path / "p", server.url(database), backups)
    assert_failure(
        project.run("safe_migrate"),
        4,
        f"""
        SM-E122 The server {server.host}:{server.port} is a read-only standby (it is in recovery).
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Set DATABASE_URL or MIGRATION_DATABASE_URL to the primary.
        More: docs/errors.md#sm-e122
        """,
    )


def test_a_role_that_may_only_read(foreign: Foreign, server: Server, database: str) -> None:
    server.query("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    result = foreign.run("safe_migrate")
    assert result.code == 4
    assert result.failure().startswith("SM-E123  Transactions of user")


@pytest.fixture
def pooler(server: Server, tmp_path: Path) -> Iterator[int]:
    """Debian's pgbouncer in transaction mode in front of the server; its port."""
    if not BOUNCER.is_file():
        pytest.skip("Debian's pgbouncer is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={server.host} port={server.port} user={server.user}"
        f" password={server.password}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
    )
    config.chmod(0o600)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [str(BOUNCER), *user, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listening, "pgbouncer to listen")
    yield port
    process.terminate()
    process.wait(timeout=10)


def test_a_transaction_pooler_is_refused_and_the_way_round_it_works(
    pooler: int, server: Server, database: str, backups: Path, tmp_path: Path
) -> None:
    url = f"postgresql://{server.user}:any@127.0.0.1:{pooler}/{database}"
    project = projects.foreign(tmp_path / "p", url, backups)
    assert_failure(
        project.run("safe_migrate"),
        4,
        f"""
        SM-E121 The connection to 127.0.0.1:{pooler} goes through a connection pooler in
        transaction mode: locks and settings of a session would be lost in it.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Set MIGRATION_DATABASE_URL to the server's own address.
        More: docs/errors.md#sm-e121
        """,
    )
    assert untouched(server, database)
    project.ok("safe_migrate", DIRECT=server.url(database))
    assert not untouched(server, database)


def test_a_pool_in_the_settings_is_not_used_for_our_sessions(
    foreign: Foreign, server: Server, database: str
) -> None:
    pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")
    foreign.write(
        "settings.py",
        projects.SETTINGS + "DATABASES['default']['OPTIONS'] = {'pool': {'min_size': 2}}\n",
    )
    foreign.ok("safe_migrate")


def test_a_backup_folder_that_cannot_be_written(
    foreign: Foreign, server: Server, database: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "backups"
    assert_failure(
        foreign.run("safe_migrate", BACKUPS=str(folder)),
        4,
        f"""
        SM-B111 The backup folder {folder} cannot be written: Not a directory.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: chown {os.geteuid()} {folder} && chmod 700 {folder}
        Or set BACKUP_DIR.
        More: docs/errors.md#sm-b111
        """,
    )
    assert untouched(server, database)


def test_no_room_for_the_backup(
    foreign: Foreign, server: Server, database: str, small_disk: Path
) -> None:
    server.query(database, "CREATE TABLE big AS SELECT 1 AS one")
    result = foreign.run("safe_migrate", BACKUPS=str(small_disk))
    said = " ".join(result.failure().split())
    assert result.code == 4
    assert said.startswith(f"SM-B112 {small_disk} has 1 MiB free; the backup may need "), said
    assert "Make room there, or set BACKUP_DIR to a folder with more of it." in said


def test_conflicting_migrations(foreign: Foreign, server: Server, database: str) -> None:
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.migration("0002_other", "0001_initial", "")
    assert_failure(
        foreign.run("safe_migrate"),
        4,
        """
        SM-E141 Conflicting migrations, more than one last one: 0002_other, 0002_price in shelf.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py makemigrations --merge
        More: docs/errors.md#sm-e141
        """,
    )
    assert untouched(server, database)


def test_models_without_a_migration_are_told(foreign: Foreign) -> None:
    foreign.models("price = models.IntegerField(null=True)\n")
    result = foreign.ok("safe_migrate")
    assert "Warning:  models of shelf have changes without a migration" in result.out
    assert "python manage.py makemigrations shelf" in result.out


def test_an_edited_applied_migration(foreign: Foreign) -> None:
    path = foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.models("price = models.IntegerField(null=True)\n")
    foreign.ok("safe_migrate")
    # Comments and layout are not an edit.
    path.write_text("# a comment\n\n" + path.read_text())
    assert "edited" not in foreign.ok("safe_migrate").err
    path.write_text(path.read_text().replace("null=True", "null=True, blank=True"))
    assert_failure(
        foreign.run("safe_migrate"),
        4,
        """
        SM-E143 Edited after being applied: shelf.0002_price. The database has what the file said
        then, other databases will get what it says now.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Restore the file from version control, and put the change into a new migration.
        If the change makes no difference: python manage.py safe_doctor --accept shelf.0002_price
        More: docs/errors.md#sm-e143
        """,
    )
    assert "edited since it was applied" in foreign.run("safe_status").out
    foreign.ok("safe_doctor", "--accept", "shelf.0002_price")
    foreign.ok("safe_migrate")


def test_an_index_left_invalid_names_the_statement_that_removes_it(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('a'), ('a')")
    with server.connect(database) as session, pytest.raises(Exception, match="duplicated"):
        session.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON shelf_book (title)")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    assert_failure(
        foreign.run("safe_migrate"),
        4,
        """
        SM-E151 The index half on shelf_book is INVALID: building it CONCURRENTLY was interrupted.
        It is maintained but never used, and its migration cannot run again.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: DROP INDEX CONCURRENTLY half;
        More: docs/errors.md#sm-e151
        """,
    )
    server.query(database, "DROP INDEX CONCURRENTLY half")
    foreign.ok("safe_migrate")


def test_a_role_without_rights(server: Server, database: str, shop: Project) -> None:
    role = f"{database}_reader"
    server.query("postgres", f"CREATE ROLE {role} LOGIN PASSWORD 'secret-of-reader'")
    try:
        url = server.url(database, user=role, password="secret-of-reader")
        result = shop.run("safe_migrate", DATABASE_URL=url)
        assert_failure(
            result,
            4,
            f"""
            SM-E131 User '{role}' may not create tables in schema 'public'.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: GRANT CREATE ON SCHEMA "public" TO "{role}";
            More: docs/errors.md#sm-e131
            """,
        )
        shop.ok("safe_migrate")
        server.query(database, f"GRANT CREATE ON SCHEMA public TO {role}")
        assert_failure(
            shop.run("safe_migrate", DATABASE_URL=url),
            4,
            f"""
            SM-E133 User '{role}': permission denied for table safe_migrate_stamp.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: Connect as the role that owns the tables: the one that ran safe_migrate before.
            python manage.py safe_doctor
            More: docs/errors.md#sm-e133
            """,
        )
        server.query(database, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        result = shop.run("safe_migrate", DATABASE_URL=url)
        said = " ".join(result.failure().split())
        assert said.startswith(f"SM-E132 User '{role}' does not own accounts_user"), said
        assert f'GRANT "{server.user}" TO "{role}";' in said
        assert "secret-of-reader" not in result.out + result.err
    finally:
        server.query(database, f"DROP OWNED BY {role}")
        server.query("postgres", f"DROP ROLE {role}")
