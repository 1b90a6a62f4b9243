"""What hangs on a database bars its exchange; a server whose settings a test chooses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_migrate.postgres.embedded import Cluster
from tests import projects
from tests.backups.restoring import as_text, backed_up, beside, owned_project, restore, role
from tests.projects import Foreign, assert_failure
from tests.servers import Server

SETTINGS = {
    "fsync": "off",
    "wal_level": "logical",
    "max_prepared_transactions": "2",
    "max_locks_per_transaction": "10",
    "max_connections": "20",
}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("attached")
    root.chmod(0o755)
    for folder in root.parents:
        if folder.stat().st_uid == root.stat().st_uid:
            folder.chmod(folder.stat().st_mode | 0o011)
    cluster = Cluster(root / "server", 18, SETTINGS)
    address = cluster.ensure()
    yield Server(address.host, address.port, address.user, address.password)
    cluster.stop()


@pytest.fixture
def project(own_server: Server, tmp_path: Path, backups: Path) -> Iterator[tuple[Foreign, str]]:
    with own_server.database() as name:
        made = projects.foreign(tmp_path / "project", own_server.url(name), backups)
        made.ok("safe_migrate")
        yield made, name


def test_slots_subscriptions_and_prepared_transactions_are_named(
    own_server: Server, project: tuple[Foreign, str]
) -> None:
    foreign, database = project
    identifier = backed_up(foreign)
    server = own_server
    server.query(database, "SELECT pg_create_logical_replication_slot('a_slot', 'pgoutput')")
    server.query(
        database,
        "CREATE SUBSCRIPTION sub CONNECTION 'host=none' PUBLICATION p WITH (connect = false)",
    )
    with server.connect(database) as session:
        session.execute("BEGIN")
        session.execute("PREPARE TRANSACTION 'left open'")
    before = as_text(server, database)
    assert_failure(
        foreign.run(*restore(identifier, database)),
        4,
        f"""
        SM-B406 '{database}' cannot be exchanged while these hang on it: the logical replication
        slot 'a_slot'; the prepared transaction 'left open'; the subscription 'sub'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: End or drop them (COMMIT PREPARED, pg_drop_replication_slot, DROP SUBSCRIPTION).
        Then run the same command again.
        More: docs/errors.md#sm-b406
        """,
    )
    assert as_text(server, database) == before
    assert beside(server, database) == []
    server.query(database, "ROLLBACK PREPARED 'left open'")
    server.query(database, "SELECT pg_drop_replication_slot('a_slot')")
    server.query(database, "ALTER SUBSCRIPTION sub SET (slot_name = NONE)")
    server.query(database, "DROP SUBSCRIPTION sub")
    foreign.ok(*restore(identifier, database))


def test_more_objects_than_the_lock_table_holds_are_refused_up_front(
    own_server: Server, project: tuple[Foreign, str]
) -> None:
    foreign, database = project
    # A table is at least four: itself, its row type and the array of that, and its sequence.
    own_server.query(
        database,
        "DO $$BEGIN FOR i IN 1..60 LOOP"
        " EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, t text)', i); END LOOP; END$$",
    )
    identifier = backed_up(foreign)
    before = as_text(own_server, database)
    refused = foreign.run(*restore(identifier, database, "--in-place"))
    said = " ".join(refused.failure().split())
    assert refused.code == 4
    assert said.startswith("SM-B411 Restoring in place would lock up to ")
    assert "objects in one transaction; this server's lock table holds 220." in said
    assert as_text(own_server, database) == before


def test_a_role_without_a_maintenance_database_can_migrate_and_restore_in_place(
    own_server: Server, tmp_path: Path, backups: Path
) -> None:
    with role(own_server, "CREATEDB") as owner:
        for name in ("postgres", "template1"):
            own_server.query("postgres", f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
        made, database = owned_project(own_server, tmp_path / "project", owner, backups)
        run = made.ok("safe_migrate")
        assert "not locked against a restore: " in run.err
        identifier = backed_up(made)
        own_server.query(database, "INSERT INTO shelf_book (title) VALUES ('late')")
        refused = made.run(*restore(identifier, database))
        said = " ".join(refused.failure().split())
        assert refused.code == 4
        assert said.startswith(
            "SM-B410 None of the databases that one works from while another is exchanged "
            "(postgres, template1) lets us in: "
        )
        made.ok(*restore(identifier, database, "--in-place"))
        assert own_server.query(database, "SELECT count(*) FROM shelf_book") == [(0,)]
