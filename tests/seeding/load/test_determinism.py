"""The same rows on every run and machine, and nothing else changes what one seed makes."""

from collections.abc import Iterator

import pytest

from tests import projects
from tests.seeding import bookshop
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database, migrated_copy
from tests.servers import Server

FACTORIES = """
import random
import uuid


class RandomFactory(BookFactory):
    title = factory.Iterator(["a", "b", "c"])
    price = factory.LazyFunction(lambda: random.randint(1, 900))
    noted = factory.Faker("date_time_this_year", tzinfo=datetime.timezone.utc)
"""
AUTHORS = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 30)
"""
BOOKS = """
from shelf.factories import RandomFactory


@sample()
def books(s):
    made = s.bulk(RandomFactory, 40, author=s.pool(models.Author))
    s.bulk(ReviewFactory, book=s.per(made, 0, 4), author=s.pool(models.Author, distinct=True))
"""
OTHER = """
from shelf.factories import RandomFactory


@sample()
def another(s):
    s.number_from(RandomFactory, 1_000_000)
    s.bulk(RandomFactory, 7)
"""
# What a row says, but for numbers that a sequence gave.
CONTENT = """
    SELECT b.isbn, b.title, b.price, b.added, b.seen, b.noted, a.id, a.name, r.text, ra.name
    FROM shelf_book b JOIN shelf_author a ON a.id = b.author_id
    LEFT JOIN shelf_review r ON r.book_id = b.id LEFT JOIN shelf_author ra ON ra.id = r.author_id
    ORDER BY b.isbn, ra.name
"""


@pytest.fixture
def random_books(books: Bookshop) -> Bookshop:
    books.factories("import datetime\n" + FACTORIES)
    books.seeds(AUTHORS + BOOKS)
    return books


@pytest.fixture
def second(
    random_books: Bookshop, server: Server, migrated_bookshop: tuple[Bookshop, str]
) -> Iterator[tuple[Bookshop, Database]]:
    """The same project on another machine, as it were."""
    with server.database() as name:
        database = migrated_copy(server, migrated_bookshop[1], name)
        folder = random_books.folder.parent / "second"
        project = bookshop.copy(random_books, folder, database.url)
        project.variables |= {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "LANG": "C"}
        yield project, database


def test_two_processes_make_the_same_rows_of_every_table(
    random_books: Bookshop, books_database: Database, second: tuple[Bookshop, Database]
) -> None:
    random_books.ok("seed", PYTHONHASHSEED="1")
    elsewhere, other = second
    elsewhere.ok("seed")
    assert books_database.data() == other.data()
    assert books_database.count("shelf_review") > 0
    assert books_database.query("SELECT DISTINCT added::text, seen::text FROM shelf_book") == [
        ("2026-01-01 00:00:00+00", "2026-01-01")
    ]


def test_the_shop_is_the_same_too(seed_shop: projects.Project, shop_database: Database) -> None:
    seed_shop.ok("seed")
    first = shop_database.data()
    tables = ("orders_orderline", "orders_order", "catalog_product", "accounts_user")
    shop_database.query(f"TRUNCATE {', '.join(tables)}, seeding_ledger RESTART IDENTITY CASCADE")
    seed_shop.ok("seed", PYTHONHASHSEED="3")
    assert shop_database.data() == first


def test_another_random_seed_makes_other_rows(
    random_books: Bookshop, books_database: Database, second: tuple[Bookshop, Database]
) -> None:
    random_books.ok("seed")
    elsewhere, other = second
    elsewhere.ok("seed", SEEDING=elsewhere.seeding(RANDOM_SEED=2))
    assert books_database.query(CONTENT) != other.query(CONTENT)


def test_neither_order_nor_another_seed_nor_earlier_numbers_matter(
    random_books: Bookshop, books_database: Database, second: tuple[Bookshop, Database]
) -> None:
    random_books.ok("seed")
    elsewhere, other = second
    # Numbers are taken, seeds are loaded in two runs, and another uses the same factory first.
    other.query("SELECT nextval('shelf_book_id_seq') FROM generate_series(1, 99)")
    elsewhere.seeds(OTHER + AUTHORS + BOOKS)
    elsewhere.ok("seed", "--only", "shelf.authors")
    elsewhere.ok("seed")
    expected = books_database.query(CONTENT)
    found = [row for row in other.query(CONTENT) if "isbn 10000" not in str(row[0])]
    assert found == expected
    assert other.count("shelf_book") == 47


def test_a_pool_more_or_less_changes_no_other_column(
    random_books: Bookshop, books_database: Database, second: tuple[Bookshop, Database]
) -> None:
    random_books.ok("seed")
    elsewhere, other = second
    elsewhere.seeds(AUTHORS + BOOKS.replace("author=s.pool(models.Author))\n", "author=None)\n", 1))
    elsewhere.ok("seed")
    columns = "SELECT isbn, title, price, noted FROM shelf_book ORDER BY isbn"
    assert books_database.query(columns) == other.query(columns)
