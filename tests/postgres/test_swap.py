"""One database in the place of another, while people keep coming in, and killed half-way."""

import secrets
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from safe_migrate.postgres import databases, marks, swap
from safe_migrate.postgres.marks import Mark, Marked, Role
from tests.projects import wait_until
from tests.servers import Server


@pytest.fixture
def maintenance(server: Server) -> Iterator[psycopg.Connection]:
    with server.connect() as session:
        yield session


@pytest.fixture(params=["plain", "-dash \"quotes\" 'n' spaces", "ü" * 25])
def live(server: Server, maintenance: psycopg.Connection, request: pytest.FixtureRequest) -> str:
    """A database that holds 'before', and later whatever was swapped in."""
    name = f"{request.param} {secrets.token_hex(3)}"
    databases.create_like(maintenance, name, {})
    databases.set_comment(maintenance, name, "the shop's own")
    server.query(name, "CREATE TABLE which AS SELECT 'before' AS said")
    yield name
    for known in marks.of(maintenance, name):
        databases.drop(maintenance, known.name)
    databases.drop(maintenance, name)


@pytest.fixture
def incoming(server: Server, maintenance: psycopg.Connection, live: str) -> Marked:
    """A filled database that shall take its place."""
    name = marks.name_for(live, Role.NEW, datetime.now(UTC))
    databases.create_like(maintenance, name, {})
    mark = Mark(role=Role.NEW, of=live, at=marks.now(), backup="b1", comment="the shop's own")
    marks.write(maintenance, name, mark)
    server.query(name, "CREATE TABLE which AS SELECT 'after' AS said")
    swap.make_ready(maintenance, name, mark)
    [ready] = marks.of(maintenance, live)
    return ready


def which(server: Server, database: str) -> str:
    [(said,)] = server.query(database, "SELECT said FROM which")
    return str(said)


def test_swapped_and_swapped_back(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked
) -> None:
    done = swap.swap(maintenance, incoming)
    assert which(server, live) == "after"
    assert which(server, done.kept) == "before"
    assert len(done.kept.encode()) <= 63
    assert databases.comment(maintenance, live) == "the shop's own"
    [old] = marks.of(maintenance, live)
    assert (old.name, old.mark.role, old.mark.of, old.mark.backup) == (
        done.kept,
        Role.OLD,
        live,
        "b1",
    )
    again = swap.swap(maintenance, old)
    assert which(server, live) == "before"
    assert which(server, again.kept) == "after"
    assert databases.comment(maintenance, live) == "the shop's own"
    assert [known.name for known in marks.of(maintenance, live)] == [again.kept]


def test_where_there_is_none_it_only_takes_the_name(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked
) -> None:
    databases.drop(maintenance, live)
    assert swap.swap(maintenance, incoming).kept == ""
    assert which(server, live) == "after"


@pytest.mark.parametrize("live", ["hammered"], indirect=True)
def test_nobody_keeps_it_from_happening_and_nobody_finds_it_gone(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked
) -> None:
    """Two sessions come in again and again, and one sits in a transaction."""
    over = threading.Event()
    seen: list[str] = []

    def hammer() -> None:
        while not over.is_set():
            try:
                seen.append(which(server, live))
            except psycopg.OperationalError as error:
                seen.append(str(error))

    hammering = [threading.Thread(target=hammer) for _ in range(2)]
    with server.connect(live) as sitting:
        sitting.execute("BEGIN")
        sitting.execute("INSERT INTO which VALUES ('uncommitted')")
        for thread in hammering:
            thread.start()
        wait_until(lambda: "before" in seen, "a session that came through")
        swap.swap(maintenance, incoming)
        wait_until(lambda: seen[-1] == "after", "a session in the new one")
        over.set()
        for thread in hammering:
            thread.join()
        with pytest.raises(psycopg.OperationalError):
            sitting.execute("COMMIT")
    others = {said for said in seen if said not in ("before", "after")}
    expected = ("not currently accepting connections", "terminating connection", "renamed")
    assert all(any(part in said for part in expected) for said in others), others
    first = seen.index("after")
    assert "before" not in seen[first + 2 :]


@pytest.mark.parametrize("live", ["owned"], indirect=True)
def test_a_session_that_cannot_be_ended_undoes_it(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked
) -> None:
    role = f"r_{secrets.token_hex(4)}"
    server.query("postgres", f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'p'")
    for name in (live, incoming.name):
        server.query("postgres", f'ALTER DATABASE "{name}" OWNER TO {role}')
    own = psycopg.connect(server.url("postgres", user=role, password="p"), autocommit=True)
    try:
        # The superuser's session is none that this role may end.
        with own, server.connect(live, application_name="watcher") as watching:
            with pytest.raises(swap.SwapBlocked) as raised:
                swap.swap(own, incoming)
            assert [holder.pid for holder in raised.value.holders] == [watching.info.backend_pid]
            assert which(server, live) == "before"
            watching.close()
            wait_until(lambda: not swap.sessions(own, [live]), "it to have left")
            swap.swap(own, incoming)
        assert which(server, live) == "after"
    finally:
        for known in (live, *(known.name for known in marks.of(maintenance, live))):
            server.query("postgres", f'ALTER DATABASE "{known}" OWNER TO {server.user}')
        server.query("postgres", f"DROP ROLE {role}")


@pytest.mark.parametrize("live", ["killed"], indirect=True)
@pytest.mark.parametrize("blocked", ["first rename", "second rename"])
def test_a_lost_session_leaves_what_the_next_run_can_finish(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked, blocked: str
) -> None:
    """The session is ended while one of its renames waits: there is a database of the name."""
    doomed = server.connect(application_name="doomed")
    failure: list[BaseException] = []

    def attempt() -> None:
        try:
            swap.swap(doomed, incoming)
        except psycopg.Error as error:
            failure.append(error)

    thread = threading.Thread(target=attempt)
    # A comment takes a lock on the database that a rename waits for.
    held = live if blocked == "first rename" else incoming.name
    with server.connect() as blocking:
        blocking.execute("BEGIN")
        blocking.execute(f"COMMENT ON DATABASE \"{held}\" IS 'x'")
        thread.start()
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s"
        pid = doomed.info.backend_pid
        try:
            wait_until(lambda: server.query("postgres", waiting, pid), "the rename to wait")
            assert databases.exists(maintenance, live)
            assert not swap.accepts(maintenance, live)
        finally:
            maintenance.execute("SELECT pg_terminate_backend(%s)", [pid])
            thread.join()
            blocking.execute("ROLLBACK")
    assert failure
    [known] = marks.of(maintenance, live)
    assert (known.name, known.mark.role) == (incoming.name, Role.READY)
    assert databases.exists(maintenance, live)
    swap.reopen(maintenance, known)
    assert which(server, live) == "before"
    swap.swap(maintenance, known)
    assert which(server, live) == "after"


def test_a_swap_is_quick(
    server: Server, maintenance: psycopg.Connection, live: str, incoming: Marked
) -> None:
    begun = time.monotonic()
    done = swap.swap(maintenance, incoming)
    assert done.renamed_seconds < 0.2
    assert done.drained_seconds + done.renamed_seconds <= time.monotonic() - begun


def test_anybody_elses_comment_is_no_mark() -> None:
    mark = Mark(role=Role.OLD, of="a", at="2026-01-01T00:00:00Z", backup="b")
    assert marks.from_comment(marks.to_comment(mark)) == mark
    for text in ("", "hello", "{}", "[]", '{"safe_migrate": {"role": "king"}}', "null"):
        assert marks.from_comment(text) is None


@pytest.mark.parametrize("name", ["shop", "ü" * 31, "x" * 63])
def test_names_fit(name: str) -> None:
    made = marks.name_for(name, Role.OLD, datetime(2026, 11, 22, 1, 2, 3, 4, UTC))
    assert len(made.encode()) <= 63
    assert made.endswith("__old_20261122T010203000004Z")
