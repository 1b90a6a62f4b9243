"""All or nothing, whatever happens in the middle of a load."""

import signal

import pytest

from tests.projects import kill, wait_until
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database

# The last row waits until the test says go on: by then everything else is written.
SLOW = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 50)


@sample(after="shelf.authors")
def books(s):
    s.bulk(BookFactory, 3_000)
    s.bulk(SlowFactory, 1)
"""
SLOW_FACTORY = """
import time


def wait():
    time.sleep(60)
    return "late"


class SlowFactory(BookFactory):
    isbn = factory.LazyFunction(wait)
"""
BLOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
      AND query LIKE '%%RELEASE%%'
"""


@pytest.fixture
def slow(books: Bookshop) -> Bookshop:
    books.factories(SLOW_FACTORY)
    books.seeds("from shelf.factories import SlowFactory\n" + SLOW)
    return books


def until_rows_are_written(database: Database) -> None:
    wait_until(lambda: database.query(BLOCKED) == [(1,)], "the load to be in its middle")


def test_killed_it_leaves_nothing_and_the_next_run_loads(
    slow: Bookshop, books_database: Database
) -> None:
    process = slow.start("seed")
    until_rows_are_written(books_database)
    kill(process)
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    wait_until(lambda: books_database.query(busy) == [(1,)], "the server to notice")
    assert books_database.count("shelf_author") == 0
    assert books_database.count("shelf_book") == 0
    assert books_database.count("seeding_ledger") == 0
    slow.factories(SLOW_FACTORY.replace("60", "0"))
    slow.ok("seed")
    assert books_database.count("shelf_book") == 3_001


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_nothing(
    slow: Bookshop, books_database: Database, number: signal.Signals, code: int
) -> None:
    process = slow.start("seed")
    until_rows_are_written(books_database)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == code
    assert books_database.count("shelf_book") == 0
    assert books_database.count("seeding_ledger") == 0


def test_the_connection_lost_in_the_middle(slow: Bookshop, books_database: Database) -> None:
    slow.factories(SLOW_FACTORY.replace("60", "3"))
    process = slow.start("seed")
    until_rows_are_written(books_database)
    books_database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        " AND datname = current_database()"
    )
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "SD-306" in said) == (6, True)
    assert books_database.count("shelf_book") == 0


def test_the_lock_lost_in_the_middle(slow: Bookshop, books_database: Database) -> None:
    """Somebody else could have begun meanwhile: what was loaded is not committed."""
    slow.factories(SLOW_FACTORY.replace("60", "3"))
    process = slow.start("seed")
    until_rows_are_written(books_database)
    books_database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    _, said = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "SD-309  The session that holds the runner's lock was lost" in said
    assert books_database.count("shelf_book") == 0
    assert books_database.count("seeding_ledger") == 0


def test_a_table_locked_by_somebody_else(books: Bookshop, books_database: Database) -> None:
    books.seeds("""
    from seeding.load import transaction
    transaction.LOCK_TIMEOUT = "SET LOCAL lock_timeout = '300ms'"


    @sample()
    def authors(s):
        s.bulk(AuthorFactory, 5)
    """)
    with books_database.server.connect(books_database.name) as other, other.transaction():
        other.execute("LOCK TABLE shelf_author")
        result = books.run("seed")
    assert (result.code, result.failure()[:6]) == (5, "SD-307")
    assert books_database.count("shelf_author") == 0
