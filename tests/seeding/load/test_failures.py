"""A row that cannot be made or written: it is named, and nothing is loaded."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.projects import Result, assert_failure
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database

GOOD = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 5)
"""


def fails(books: Bookshop, seeds: str, factories: str = "") -> Result:
    """Seed something good first, so that there is something to roll back."""
    books.factories(factories)
    books.seeds(f"{GOOD}\n\n{seeds}")
    return books.run("seed")


@pytest.fixture(autouse=True)
def nothing_is_loaded(books_database: Database) -> Iterator[None]:
    before = books_database.data()
    yield
    assert books_database.data() == before
    if "seeding_ledger" in books_database.tables():
        assert books_database.count("seeding_ledger") == 0


def test_a_unique_collision(books: Bookshop) -> None:
    result = fails(
        books,
        """
from shelf.factories import SameFactory


@sample()
def books(s):
    s.bulk(BookFactory, 3_000)
    s.bulk(SameFactory, 3)
""",
        """
        class SameFactory(BookFactory):
            isbn = factory.Iterator(["first", "isbn 2500", "third"])
        """,
    )
    assert_failure(
        result,
        6,
        """
        SD-301 The seed shelf.books: row 2 of SameFactory (shelf.Book) collides with a row that
        is there.
        Constraint shelf_book_isbn_key: Key (isbn)=(isbn 2500) already exists.
        State: The database is unchanged: the transaction was rolled back.
        Lost: Nothing was lost.
        Next: Make the value unique in SameFactory: factory.Sequence(lambda n: …).
              Where two seeds share the factory: s.number_from(SameFactory, 1_000_000)
              python manage.py seed
        More: docs/errors.md#sd-301
        """,
    )


def test_two_seeds_that_share_a_factory_and_the_remedy(
    books: Bookshop, books_database: Database
) -> None:
    result = fails(
        books,
        """
@sample()
def more(s):
    s.bulk(AuthorFactory, 5)
""",
    )
    assert "Constraint shelf_author_name_key: Key (name)=(author 0) already exists." in " ".join(
        result.failure().split()
    )
    books.seeds("""
    @sample()
    def more(s):
        s.number_from(AuthorFactory, 1_000)
        s.bulk(AuthorFactory, 1)
    """)
    assert "1  shelf.Author" in books.ok("seed", "--plan").out


def test_a_composite_unique_collision_names_both_values(books: Bookshop) -> None:
    result = fails(
        books,
        """
@sample()
def reviews(s):
    s.bulk(BookFactory, 1)
    s.bulk(ReviewFactory, 9, book=s.pool(models.Book), author=s.pool(models.Author))
""",
    )
    assert (result.code, result.failure()[:6]) == (6, "SD-301")
    assert "Constraint one_review_each: Key (book_id, author_id)=(" in result.failure()


def test_a_check_constraint(books: Bookshop) -> None:
    result = fails(
        books,
        """
@sample()
def books(s):
    s.bulk(BookFactory, 3, price=-1, title="cheap")
""",
    )
    assert (result.code, result.failure()[:6]) == (6, "SD-302")
    assert " ".join(result.failure().split()).startswith(
        "SD-302 The seed shelf.books: row 1 of BookFactory (shelf.Book) was not accepted: new row "
        'for relation "shelf_book" violates check constraint "price_not_negative" (SQLSTATE 23514)'
        " Failing row contains ("
    )


def test_a_string_that_is_too_long_names_its_field(books: Bookshop) -> None:
    result = fails(
        books,
        """
@sample()
def books(s):
    s.bulk(BookFactory, 2, title=factory.Iterator(["short", "long" * 6]))
""",
    )
    assert_failure(
        result,
        6,
        """
        SD-302 The seed shelf.books: row 2 of BookFactory (shelf.Book) was not accepted: value too
        long for type character varying(20) (SQLSTATE 22001)
        Field title holds 24 characters, at most 20 fit: 'longlonglonglonglonglong'
        State: The database is unchanged: the transaction was rolled back.
        Lost: Nothing was lost.
        Next: Mend BookFactory.
              python manage.py seed
        More: docs/errors.md#sd-302
        """,
    )


@dataclass(frozen=True)
class Broken:
    """A declaration that raises, and what is said about it."""

    declaration: str
    said: str


BROKEN = {
    "in a lambda": Broken(
        "factory.LazyAttribute(lambda book: 1 / len(book.title[:0]))",
        "field price: ZeroDivisionError: division by zero In <lambda>, line",
    ),
    "an empty iterator": Broken(
        "factory.Iterator([])", "field price: its Iterator has no value In evaluate, line"
    ),
    "an unknown provider": Broken(
        'factory.Faker("no_such_thing")',
        "field price: AttributeError: Unknown formatter 'no_such_thing'",
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_factory_that_raises_names_the_field(books: Bookshop, broken: Broken) -> None:
    result = fails(
        books,
        """
from shelf.factories import BrokenFactory


@sample()
def books(s):
    s.bulk(BrokenFactory, 3)
""",
        f"""
        class BrokenFactory(BookFactory):
            price = {broken.declaration}
        """,
    )
    assert result.code == 6
    assert " ".join(result.failure().split()).startswith(
        "SD-303 The seed shelf.books: row 1 of BrokenFactory (shelf.Book) could not be made, "
        f"{broken.said}"
    )


def test_a_value_that_the_field_cannot_take(books: Bookshop) -> None:
    result = fails(
        books,
        """
@sample()
def books(s):
    s.bulk(BookFactory, 3, noted="yesterday")
""",
    )
    assert (result.code, result.failure()[:6]) == (6, "SD-303")
    assert "“yesterday” value has an invalid format" in " ".join(result.failure().split())


def test_an_empty_pool(books: Bookshop) -> None:
    assert_failure(
        fails(
            books,
            """
@sample()
def reviews(s):
    s.bulk(ReviewFactory, 3, book=s.pool(models.Book), author=s.pool(models.Author))
""",
        ),
        6,
        """
        SD-304 The seed shelf.reviews: row 1 of ReviewFactory (shelf.Review): field book takes
        shelf.Book from a pool, which is empty.
        State: The database is unchanged: the transaction was rolled back.
        Lost: Nothing was lost.
        Next: Let a seed or a fixture make shelf.Book first, or ask for fewer rows.
              python manage.py seed --plan
        More: docs/errors.md#sd-304
        """,
    )


def test_a_pool_with_too_few_different_rows(books: Bookshop) -> None:
    result = fails(
        books,
        """
@sample()
def reviews(s):
    made = s.bulk(BookFactory, 2)
    s.bulk(ReviewFactory, book=s.per(made, 6, 9), author=s.pool(models.Author, distinct=True))
""",
    )
    assert "takes shelf.Author from a pool, which has 5 rows, for 6 different ones." in " ".join(
        result.failure().split()
    )


def test_a_broken_fixture(books: Bookshop) -> None:
    books.write("shelf/fixtures/tags.json", '[{"model": "shelf.tag", "fields": {"nome": "x"}}]')
    settings = books.seeding(REFERENCE=["tags"])
    result = books.run("seed", SEEDING=settings)
    assert (result.code, result.failure()[:6]) == (6, "SD-305")
    assert "The fixture tags could not be loaded:" in result.failure()
    assert "Tag has no field named 'nome'" in result.failure()


def test_a_missing_fixture(books: Bookshop) -> None:
    result = books.run("seed", SEEDING=books.seeding(REFERENCE=["tags"]))
    assert (result.code, result.failure()[:6]) == (4, "SD-222")


def test_a_reference_that_is_broken_at_the_end_of_the_seed(books: Bookshop) -> None:
    """Django's foreign keys are checked at the end: it is told whose rows they were."""
    result = fails(
        books,
        """
@sample()
def reviews(s):
    s.bulk(BookFactory, 1)
    s.bulk(ReviewFactory, 1, book=None, book_id=77, author=s.pool(models.Author))
""",
    )
    assert (result.code, result.failure()[:6]) == (6, "SD-308")
    assert "The seed shelf.reviews: its rows break the constraint shelf_review_book_id" in (
        " ".join(result.failure().split())
    )
    assert 'Key (book_id)=(77) is not present in table "shelf_book".' in " ".join(
        result.failure().split()
    )
