"""A restore killed at each of its phases: there is a database of the name, and the same command
finishes, or undo takes it back."""

import pytest

from safe_migrate.postgres import swap
from tests.backups.restoring import as_text, backed_up, beside, exists, restore
from tests.projects import Foreign, assert_failure, kill, wait_until
from tests.servers import Server

# Building the index and ANALYZE both call it: what takes a while can be killed while it lasts.
SLOW = """
CREATE FUNCTION nap(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql
AS 'BEGIN PERFORM pg_catalog.pg_sleep(i / 1000.0); RETURN i; END';
CREATE TABLE slow AS SELECT 300 AS i;
CREATE INDEX slow_nap ON slow (nap(i));
"""


@pytest.fixture
def backup(foreign: Foreign, server: Server, database: str) -> str:
    foreign.ok("safe_migrate")
    server.query(database, SLOW)
    identifier = backed_up(foreign)
    server.query(database, "CREATE TABLE later (one int)")
    return identifier


@pytest.fixture
def texts(server: Server, database: str, backup: str) -> tuple[str, str]:
    """The database as it is now, and as it was when it was backed up."""
    now = as_text(server, database)
    server.query(database, "DROP TABLE later")
    then = as_text(server, database)
    server.query(database, "CREATE TABLE later (one int)")
    return now, then


def in_copy(server: Server, database: str, what: str) -> bool:
    """Whether a session in the copy is doing this."""
    rows = server.query(
        "postgres",
        "SELECT 1 FROM pg_stat_activity WHERE starts_with(datname, %s) AND query LIKE %s",
        f"{database}__new_",
        what,
    )
    return bool(rows)


@pytest.mark.parametrize("phase", ["begun", "CREATE INDEX%", "ANALYZE%"])
def test_killed_while_it_is_filled(
    foreign: Foreign,
    server: Server,
    database: str,
    backup: str,
    texts: tuple[str, str],
    phase: str,
) -> None:
    process = foreign.start(*restore(backup, database))
    if phase == "begun":
        wait_until(lambda: beside(server, database) == ["new"], "the copy to be begun")
    else:
        wait_until(lambda: in_copy(server, database, phase), phase)
    kill(process)
    assert beside(server, database) == ["new"]
    assert as_text(server, database) == texts[0]
    foreign.ok(*restore(backup, database))
    assert as_text(server, database) == texts[1]
    assert beside(server, database) == ["old"]


def waiting(server: Server) -> bool:
    rows = server.query(
        "postgres",
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'safe_migrate restore'"
        " AND wait_event_type = 'Lock' AND query LIKE 'ALTER DATABASE%RENAME%'",
    )
    return bool(rows)


def accepts(server: Server, database: str) -> bool:
    with server.connect() as session:
        return swap.accepts(session, database)


@pytest.fixture
def killed_swap(
    foreign: Foreign, server: Server, database: str, backup: str, texts: tuple[str, str]
) -> tuple[str, str]:
    """A restore that was killed between closing the database and renaming it."""
    with server.connect() as holding:
        # Held before it begins, so that it cannot be too quick for us.
        holding.execute("BEGIN")
        holding.execute(f"COMMENT ON DATABASE {database} IS NULL")
        process = foreign.start(*restore(backup, database))
        wait_until(lambda: waiting(server), "the rename to wait")
        kill(process)
        wait_until(lambda: not waiting(server), "the server to notice")
        holding.execute("ROLLBACK")
    assert exists(server, database) and not accepts(server, database)
    assert beside(server, database) == ["ready"]
    return texts


def test_killed_in_the_swap_and_finished(
    foreign: Foreign, server: Server, database: str, backup: str, killed_swap: tuple[str, str]
) -> None:
    assert_failure(
        foreign.run("safe_migrate"),
        4,
        f"""
        SM-E105 The database '{database}' on {server.host}:{server.port} is closed to everybody: a
        restore is exchanging it, or was killed while it did.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_backup restore ID (the same one: it is finished)
        python manage.py safe_backup undo (it is taken back)
        More: docs/errors.md#sm-e105
        """,
    )
    done = foreign.ok(*restore(backup, database))
    assert "An earlier run had restored it; the exchange was finished." in done.out
    assert as_text(server, database) == killed_swap[1]
    assert beside(server, database) == ["old"]


def test_killed_in_the_swap_and_taken_back(
    foreign: Foreign, server: Server, database: str, backup: str, killed_swap: tuple[str, str]
) -> None:
    undone = foreign.run("safe_backup", "undo", "--noinput", "--confirm", database)
    assert undone.failure().startswith("SM-B413")
    assert as_text(server, database) == killed_swap[0]
    assert beside(server, database) == []


def test_killed_in_the_swap_and_another_backup_is_restored(
    foreign: Foreign, server: Server, database: str, backup: str, killed_swap: tuple[str, str]
) -> None:
    with server.connect() as session:
        swap.allow(session, database, True)
    other = backed_up(foreign)
    with server.connect() as session:
        swap.allow(session, database, False)
    done = foreign.ok(*restore(other, database))
    assert "An earlier run" not in done.out
    assert as_text(server, database) == killed_swap[0]
    assert beside(server, database) == ["old"]


def test_an_undo_that_was_killed_is_finished(
    foreign: Foreign, server: Server, database: str, backup: str, texts: tuple[str, str]
) -> None:
    foreign.ok(*restore(backup, database))
    undo = ["safe_backup", "undo", "--noinput", "--confirm", database]
    with server.connect() as holding:
        holding.execute("BEGIN")
        holding.execute(f"COMMENT ON DATABASE {database} IS NULL")
        process = foreign.start(*undo)
        wait_until(lambda: waiting(server), "the rename to wait")
        kill(process)
        wait_until(lambda: not waiting(server), "the server to notice")
        holding.execute("ROLLBACK")
    assert not accepts(server, database)
    assert "finished" in foreign.ok(*undo).out
    assert as_text(server, database) == texts[0]
    assert beside(server, database) == ["old"]


def test_what_was_made_and_not_yet_marked_is_dropped_where_it_is_empty(
    foreign: Foreign, server: Server, database: str, backup: str
) -> None:
    empty, full = (f"{database}__new_20261122T10000000000{n}Z" for n in range(2))
    for name in (empty, full):
        server.query("postgres", f'CREATE DATABASE "{name}"')
    server.query(full, "CREATE TABLE somebodys (one int)")
    foreign.ok(*restore(backup, database))
    assert not exists(server, empty)
    assert exists(server, full)


def test_the_server_ends_the_session_in_the_middle(
    foreign: Foreign, server: Server, database: str, backup: str, texts: tuple[str, str]
) -> None:
    process = foreign.start(*restore(backup, database))
    wait_until(lambda: in_copy(server, database, "ANALYZE%"), "the last step")
    server.query(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ANALYZE%%'"
        " AND starts_with(datname, %s)",
        f"{database}__new_",
    )
    _, said = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "SM-B407  The server ended the restore: terminating connection" in said
    assert as_text(server, database) == texts[0]
    assert beside(server, database) == []
