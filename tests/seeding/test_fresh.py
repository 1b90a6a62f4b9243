"""`--fresh` deletes what seeds have filled, all of it and nothing else."""

import json

import pytest

from seeding.fresh import Reference, arrange
from tests.projects import assert_failure
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database

SEEDS = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 3)


@ensure()
def editor(s):
    s.row(AuthorFactory, "name", name="the editor")


@sample()
def books(s):
    s.bulk(BookFactory, 4, author=s.pool(models.Author))
"""


@pytest.fixture
def seeded(books: Bookshop) -> Bookshop:
    books.seeds(SEEDS)
    books.ok("seed")
    return books


def test_deletes_and_loads_the_same_rows_again(seeded: Bookshop, books_database: Database) -> None:
    authors = books_database.contents()["shelf_author"]
    books_database.query("DELETE FROM shelf_book WHERE isbn = 'isbn 0'")
    books_database.query("INSERT INTO shelf_tag (name) VALUES ('not of a seed')")
    result = seeded.ok("seed", "--fresh", "--noinput")
    assert [line.split() for line in result.out.splitlines()[1:6]] == [
        ["Deleted", "first:"],
        ["3", "shelf_book"],
        ["4", "shelf_author"],
        [],
        ["loaded", "3", "shelf.authors"],
    ]
    assert books_database.contents()["shelf_author"] == authors
    assert books_database.count("shelf_book") == 4
    assert books_database.count("shelf_tag") == 1


def test_plan_shows_which_and_deletes_nothing(seeded: Bookshop, books_database: Database) -> None:
    before = books_database.contents(versions=True)
    report = seeded.ok("seed", "--fresh", "--plan", "--format", "json").document
    assert report["emptied"] == [
        {"table": "shelf_book", "rows": 4},
        {"table": "shelf_author", "rows": 4},
    ]
    assert books_database.contents(versions=True) == before


def test_refused_where_rows_of_an_outside_table_refer_to_them(
    seeded: Bookshop, books_database: Database
) -> None:
    books_database.query("INSERT INTO shelf_visit (book_id) SELECT id FROM shelf_book LIMIT 2")
    before = books_database.contents(versions=True)
    assert_failure(
        seeded.run("seed", "--fresh", "--noinput"),
        4,
        """
        SD-132 Rows that are not being deleted refer to rows that --fresh would delete:
        shelf_visit.book_id → shelf_book: 2 rows
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: If they may go: DELETE FROM "shelf_visit";
              python manage.py seed --fresh --plan
        More: docs/errors.md#sd-132
        """,
    )
    assert books_database.contents(versions=True) == before
    books_database.query('DELETE FROM "shelf_visit"')
    seeded.ok("seed", "--fresh", "--noinput")


def test_refused_where_another_seed_refers_to_the_one_that_is_named(seeded: Bookshop) -> None:
    assert_failure(
        seeded.run("seed", "--fresh", "--noinput", "--only", "shelf.authors"),
        4,
        """
        SD-131 shelf_author also holds rows of the seed shelf.editor, which would be lost.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py seed --fresh --only shelf.authors --only shelf.editor
              python manage.py seed --fresh
        More: docs/errors.md#sd-131
        """,
    )
    words = ("--only", "shelf.authors", "--only", "shelf.editor")
    assert_failure(
        seeded.run("seed", "--fresh", "--noinput", *words),
        4,
        """
        SD-132 Rows that are not being deleted refer to rows that --fresh would delete:
        shelf_book.author_id → shelf_author: 4 rows
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py seed --fresh --only shelf.authors --only shelf.editor
              --only shelf.books
              python manage.py seed --fresh --plan
        More: docs/errors.md#sd-132
        """,
    )


def test_only_one_seed_anew(seeded: Bookshop, books_database: Database) -> None:
    authors = books_database.contents(versions=True)["shelf_author"]
    books_database.query("DELETE FROM shelf_book")
    books_database.query(
        "INSERT INTO shelf_book (title, isbn, price, added, seen, noted)"
        " VALUES ('a', 'by hand', 1, now(), now(), now())"
    )
    seeded.ok("seed", "--fresh", "--noinput", "--only", "shelf.books")
    assert books_database.count("shelf_book") == 4
    assert books_database.contents(versions=True)["shelf_author"] == authors


def test_reference_rows_in_an_emptied_table_come_back(
    books: Bookshop, books_database: Database
) -> None:
    books.seeds(SEEDS)
    fields = {"title": "kept", "isbn": "reference", "price": "1.00", "author": None}
    moments = dict.fromkeys(("added", "noted"), "2026-01-01T00:00:00Z") | {"seen": "2026-01-01"}
    rows = [{"model": "shelf.book", "pk": 900, "fields": fields | moments}]
    books.write("shelf/fixtures/classics.json", json.dumps(rows))
    settings = books.seeding(REFERENCE=["classics"])
    books.ok("seed", SEEDING=settings)
    books.ok("seed", "--fresh", "--noinput", SEEDING=settings)
    assert books_database.query("SELECT title FROM shelf_book WHERE id = 900") == [("kept",)]
    assert books_database.count("shelf_book") == 5


def test_a_wrong_name_at_the_confirmation_deletes_nothing(
    seeded: Bookshop, books_database: Database
) -> None:
    before = books_database.contents(versions=True)
    result = seeded.run("seed", "--fresh", "--confirm", "another")
    assert (result.code, result.failure()[:7]) == (4, "SM-E114")
    assert books_database.contents(versions=True) == before
    seeded.ok("seed", "--fresh", "--confirm", books_database.name)


def test_what_a_removed_seed_has_filled_is_deleted_too(
    seeded: Bookshop, books_database: Database
) -> None:
    seeded.seeds("""
    @sample()
    def authors(s):
        s.bulk(AuthorFactory, 2)
    """)
    seeded.ok("seed", "--fresh", "--noinput")
    assert books_database.count("shelf_book") == 0
    assert books_database.count("shelf_author") == 2
    assert books_database.query("SELECT seed FROM seeding_ledger") == [("shelf.authors",)]


def test_whoever_refers_is_deleted_first() -> None:
    known = [
        Reference("line", ("order_id",), "order"),
        Reference("order", ("user_id",), "user"),
        Reference("user", ("boss_id",), "user"),
    ]
    assert arrange(["user", "order", "line"], known) == ["line", "order", "user"]


def test_tables_in_a_circle_are_deleted_in_some_order() -> None:
    known = [Reference("a", ("b_id",), "b"), Reference("b", ("a_id",), "a")]
    assert arrange(["b", "a", "c"], known) == ["c", "a", "b"]
