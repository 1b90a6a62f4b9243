"""Questions to the data: bounded, read only, and never in anybody's way."""

import time

import psycopg
import pytest

from safe_migrate.postgres.asking import Asker
from tests.servers import Server


def test_rows_are_given_as_text(server: Server, database: str) -> None:
    with server.connect(database) as session:
        ask = Asker(session)
        assert ask("SELECT 1, 'a%' UNION ALL SELECT 2, NULL") == ("1, a%", "2, None")
        assert ask("SELECT 1 WHERE false") == ()


def test_what_cannot_be_known_is_none(server: Server, database: str) -> None:
    with server.connect(database) as session, server.connect(database) as other:
        session.execute("CREATE TABLE t (a int)")
        ask = Asker(session)
        assert ask("SELECT nothing FROM nowhere") is None
        assert ask("DELETE FROM t RETURNING a") is None
        with other.transaction():
            other.execute("LOCK TABLE t")
            assert ask("SELECT a FROM t LIMIT 3") is None
        assert session.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_the_same_is_asked_once_and_all_of_it_takes_so_long_at_most(
    server: Server, database: str
) -> None:
    with server.connect(database) as session:
        ask = Asker(session, all_seconds=0.2)
        first = ask("SELECT random()")
        assert first is not None and ask("SELECT random()") == first
        started = time.monotonic()
        assert ask("SELECT pg_sleep(60)") is None
        assert time.monotonic() - started < 10
        assert ask("SELECT 2") is None
        assert ask("SELECT random()") == first


def test_rows_that_a_policy_hides_are_not_taken_for_missing(server: Server, database: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY")
        session.execute("DROP ROLE IF EXISTS asked; CREATE ROLE asked; GRANT SELECT ON t TO asked")
        session.execute("SET ROLE asked")
        assert Asker(session)("SELECT a FROM t") is None
        session.execute("RESET ROLE; DROP OWNED BY asked; DROP ROLE asked")


def test_a_lost_session_is_told(server: Server, database: str) -> None:
    with server.connect(database) as session:
        ask = Asker(session)
        server.query(database, "SELECT pg_terminate_backend(%s)", session.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            ask("SELECT 1")
