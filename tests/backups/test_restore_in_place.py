"""Within the database, in one transaction, for a role that may not make databases."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_migrate.backups import manifest as manifests
from safe_migrate.backups.restore import in_place
from safe_migrate.errors import BackupFailed
from tests.backups.restoring import as_text, backed_up, owned_project, restore, role
from tests.projects import Foreign, kill, wait_until
from tests.servers import Server

# What a migration may have made, in `public`, in a schema of one's own and in none.
BEFORE = """
CREATE SCHEMA stock;
CREATE TYPE stock.kind AS ENUM ('a', 'b');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (one int, two text);
CREATE TABLE stock.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind stock.kind,
    size positive, book bigint REFERENCES shelf_book, twice int GENERATED ALWAYS AS (2) STORED);
INSERT INTO shelf_book (title) VALUES ('COMMIT;'), (E'line\\nCOMMIT;\\n');
INSERT INTO stock.item (kind, size, book) SELECT 'a', 3, id FROM shelf_book;
CREATE VIEW titles AS SELECT title FROM shelf_book;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM stock.item;
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE PROCEDURE nothing() LANGUAGE sql AS '';
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE SEQUENCE loose START 7;
CREATE COLLATION plain (provider = libc, locale = 'C');
CREATE STATISTICS both_of ON kind, size FROM stock.item;
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE PUBLICATION all_titles FOR TABLE shelf_book;
CREATE RULE no_delete AS ON DELETE TO stock.item DO INSTEAD NOTHING;
ALTER TABLE shelf_book ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON shelf_book USING (true);
CREATE TABLE log (at int) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
SELECT lo_from_bytea(0, 'a large object');
COMMENT ON SCHEMA stock IS 'what there is';
"""
AFTER = """
CREATE TABLE review (book bigint REFERENCES shelf_book, kind stock.kind);
CREATE VIEW reviewed AS SELECT * FROM review JOIN shelf_book ON id = book;
CREATE SCHEMA later;
CREATE TABLE later.thing (pair pair);
CREATE FUNCTION later.add() RETURNS pair LANGUAGE sql AS 'SELECT null::pair';
DROP VIEW titles;
ALTER TABLE stock.item DROP COLUMN twice;
SELECT lo_from_bytea(0, 'another');
"""
SLOW = """
CREATE FUNCTION nap(i int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_catalog.pg_sleep(i); RETURN true; END';
CREATE TABLE a_slow (i int CHECK (nap(i)));
INSERT INTO a_slow VALUES (0), (1), (0);
ALTER TABLE a_slow DISABLE TRIGGER ALL;
CREATE TABLE z_large AS SELECT repeat(md5(i::text), 100) FROM generate_series(1, 4000) i;
"""


@pytest.fixture
def owner(server: Server) -> Iterator[str]:
    with role(server) as name:
        yield name


@pytest.fixture
def owned(
    server: Server, owner: str, tmp_path: Path, backups: Path
) -> Iterator[tuple[Foreign, str]]:
    """A project whose role owns its database and what is in it, and may make no other."""
    project, database = owned_project(server, tmp_path / "owned", owner, backups)
    # Somebody else's: a role that may use it, but neither drop it nor say a word about it.
    [(extension,), *_] = server.query(
        database, "SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'vector')"
    )
    server.query(database, f"CREATE EXTENSION {extension}")
    project.ok("safe_migrate")
    yield project, database


def as_owner(server: Server, owner: str, database: str, statements: str) -> None:
    with server.connect(database) as session:
        session.execute(f"SET ROLE {owner}")
        session.execute(statements.encode())


def into_place(identifier: str, database: str) -> list[str]:
    return restore(identifier, database, "--in-place")


def test_everything_comes_back_and_nothing_else_remains(
    server: Server, owner: str, owned: tuple[Foreign, str], backups: Path
) -> None:
    project, database = owned
    as_owner(server, owner, database, BEFORE)
    identifier = backed_up(project)
    before = as_text(server, database)
    as_owner(server, owner, database, AFTER)
    done = project.ok(*into_place(identifier, database), "--format", "json").document
    assert done["warnings"] == []
    assert (done["kept"], done["backup"]) == ("", identifier)
    assert as_text(server, database) == before
    [made] = [
        manifest
        for path in backups.glob("*.manifest.json")
        if (manifest := manifests.from_json(path.read_text())).id > identifier
    ]
    assert "public.review" in made.rows
    # And forward again: that backup holds what was there.
    project.ok(*into_place(made.id, database))
    assert server.query(database, "SELECT count(*) FROM review") == [(0,)]


def test_the_name_is_typed_also_where_data_may_be_thrown_away(owned: tuple[Foreign, str]) -> None:
    project, _ = owned
    identifier = backed_up(project)
    refused = project.run("safe_backup", "restore", identifier, "--in-place", "--noinput")
    assert refused.failure().startswith("SM-E114")


def test_what_belongs_to_somebody_else_rolls_it_all_back(
    server: Server, owned: tuple[Foreign, str]
) -> None:
    project, database = owned
    identifier = backed_up(project)
    server.query(database, "CREATE SCHEMA theirs; CREATE TABLE theirs.one (one int)")
    server.query(database, "GRANT USAGE ON SCHEMA theirs TO PUBLIC")
    refused = project.run(*into_place(identifier, database))
    # Already the backup before it may not read that table.
    assert refused.code == 8
    server.query(database, "GRANT SELECT ON theirs.one TO PUBLIC")
    before = as_text(server, database)
    refused = project.run(*into_place(identifier, database))
    said = " ".join(refused.failure().split())
    assert refused.code == 6
    assert said.startswith(
        "SM-B415 The server ended the restore in place: ERROR: 42501: must be owner of table one"
        " State: The database is unchanged: the transaction was rolled back. Lost: Nothing was"
    )
    assert as_text(server, database) == before


def test_whoever_holds_a_lock_is_named(server: Server, owned: tuple[Foreign, str]) -> None:
    project, database = owned
    identifier = backed_up(project)
    before = as_text(server, database)
    with server.connect(database, application_name="shop") as session:
        session.execute("BEGIN")
        session.execute("SELECT * FROM shelf_book")
        pid = session.info.backend_pid
        refused = project.run(*into_place(identifier, database))
        said = " ".join(refused.failure().split())
        assert refused.code == 5
        assert said.startswith(
            f"SM-B414 What is in '{database}' could not be locked within 2 s: pid {pid} "
            f"(user {server.user}, application 'shop', for "
        )
        assert f"Next: SELECT pg_terminate_backend({pid}); Then run the same" in said
    assert as_text(server, database) == before


def test_a_damaged_archive_is_found_before_anything_is_dropped(
    server: Server, owned: tuple[Foreign, str], backups: Path
) -> None:
    project, database = owned
    identifier = backed_up(project)
    before = as_text(server, database)
    manifest = manifests.from_json((backups / f"{identifier}.manifest.json").read_text())
    data = bytearray((backups / manifest.data).read_bytes())
    data[-20] ^= 1
    (backups / manifest.data).write_bytes(data)
    failed = project.run(*into_place(identifier, database))
    assert failed.code == 8
    assert failed.failure().startswith("SM-B30")
    assert as_text(server, database) == before


@pytest.mark.parametrize("victim", ["pg_restore", "psql", "ours", "backend"])
def test_killed_in_the_middle_it_never_was(
    server: Server, owner: str, owned: tuple[Foreign, str], victim: str
) -> None:
    """Everything is dropped by then and half of it restored; only nothing of it is committed."""
    project, database = owned
    as_owner(server, owner, database, SLOW)
    identifier = backed_up(project)
    server.query(database, "INSERT INTO a_slow VALUES (0)")
    before = as_text(server, database)
    process = project.start(*into_place(identifier, database))

    def loading() -> list[tuple[object, ...]]:
        return server.query(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'psql'"
            " AND query LIKE 'COPY public.a_slow%%'",
            database,
        )

    [(pid,)] = wait_until(loading, "the data to be loaded")
    if victim == "ours":
        kill(process)
        wait_until(lambda: not loading(), "the server to notice")
    else:
        if victim == "backend":
            server.query("postgres", "SELECT pg_terminate_backend(%s)", pid)
        else:
            [child] = children(process.pid, victim)
            os.kill(child, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (6, 8), said
        rolled_back = "State:  The database is unchanged: the transaction was rolled back."
        assert rolled_back in said
    assert as_text(server, database) == before


def test_killed_after_the_large_objects_it_never_was(
    server: Server, owner: str, owned: tuple[Foreign, str]
) -> None:
    """pg_restore prints transactions of their own around them, unless it is told to be in one."""
    project, database = owned
    as_owner(server, owner, database, SLOW)
    as_owner(server, owner, database, "CREATE INDEX napping ON a_slow (nap(i))")
    as_owner(server, owner, database, "SELECT lo_from_bytea(0, 'a large object')")
    # Longer than what is withheld, so that all before it is sent.
    text = "x" * (in_place.TAIL + 1000)
    as_owner(server, owner, database, f"COMMENT ON INDEX napping IS '{text}'")
    identifier = backed_up(project)
    as_owner(server, owner, database, "CREATE TABLE late (one int)")
    before = as_text(server, database)
    process = project.start(*into_place(identifier, database))

    def indexing() -> list[tuple[object, ...]]:
        return server.query(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'psql'"
            " AND query LIKE 'CREATE INDEX%%'",
            database,
        )

    [(pid,)] = wait_until(indexing, "the index to be built")
    server.query("postgres", "SELECT pg_terminate_backend(%s)", pid)
    process.communicate(timeout=60)
    assert process.returncode == 6
    assert as_text(server, database) == before


def pieces_of(script: bytes, size: int) -> Iterator[bytes]:
    yield from (script[at : at + size] for at in range(0, len(script), size))


@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_the_scripts_own_commit_is_never_sent(size: int) -> None:
    row = b"a row\nCOMMIT;\nof text\n"
    script = b"BEGIN;\n" + row * 9000 + b"\nCOMMIT;\n\n--\n-- complete\n--\n"
    sent = b"".join(in_place.withheld(pieces_of(script, size)))
    assert sent == b"BEGIN;\n" + row * 9000 + b"\n\n--\n-- complete\n--\n"

    def failing() -> Iterator[bytes]:
        yield from pieces_of(script, size)
        raise BackupFailed("SM-B301", "other bytes", next="")

    told: list[bytes] = []
    with pytest.raises(BackupFailed, match="other bytes"):
        told.extend(in_place.withheld(failing()))
    assert len(b"".join(told)) <= len(script) - in_place.TAIL
    with pytest.raises(BackupFailed, match="without the end of its script"):
        list(in_place.withheld(pieces_of(script[:6], size)))


def children(parent: int, name: str) -> list[int]:
    """The processes of this name that a process has started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text()
            except OSError:
                continue
            own, rest = fields.split("(", 1)[1].rsplit(")", 1)
            if own == name and int(rest.split()[1]) == parent:
                found.append(int(folder.name))
    return found
