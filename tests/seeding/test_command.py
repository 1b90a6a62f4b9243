"""`manage.py seed` from outside: what it loads, says and leaves, on a real server."""

import json
from typing import Any

import jsonschema
import pytest

from tests.projects import ROOT, Project, assert_failure
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database

TWO = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 10)


@sample()
def books(s):
    made = s.bulk(BookFactory, 20, author=s.pool(models.Author))
    s.bulk(ReviewFactory, book=s.per(made, 1, 3), author=s.pool(models.Author, distinct=True))
"""


def schema() -> Any:
    """The published form of the report."""
    return json.loads((ROOT / "docs/schemas/seeding.run-1.json").read_text())


def test_the_shop_is_seeded_in_the_order_of_what_needs_what(
    seed_shop: Project, shop_database: Database
) -> None:
    report = seed_shop.ok("seed", "--format", "json").document
    assert [seed["name"] for seed in report["seeds"]] == [
        "reference/catalog",
        "accounts.staff",
        "accounts.customers",
        "catalog.products",
        "orders.orders",
    ]
    counts = {table: shop_database.count(table) for table in ("accounts_user", "orders_order")}
    assert counts == {"accounts_user": 6, "orders_order": 25}
    jsonschema.validate(report, schema())
    lines = shop_database.count("orders_orderline")
    assert report["rows"] == {
        "accounts.User": 6,
        "catalog.Category": 18,
        "catalog.Product": 5,
        "orders.Order": 25,
        "orders.OrderLine": lines,
    }
    assert 25 <= lines <= 125


def test_what_is_said(books: Bookshop) -> None:
    books.seeds(TWO)
    result = books.ok("seed")
    said = [line.split() for line in result.out.splitlines()]
    assert [line[:3] for line in said[1:3]] == [
        ["loaded", "10", "shelf.authors"],
        ["loaded", said[2][1], "shelf.books"],
    ]
    assert said[-1][1:5] == ["rows", "in", said[-1][3], "s"]
    assert "shelf.books: shelf.Book 20 of 20 rows (" in result.err
    assert "rows/s)" in result.err


def test_a_second_run_writes_nothing_at_all(seed_shop: Project, shop_database: Database) -> None:
    seed_shop.ok("seed")
    before = shop_database.contents(versions=True)
    result = seed_shop.ok("seed")
    assert result.out.splitlines()[1] == "Nothing to do: 5 seeds are loaded and unchanged."
    assert shop_database.contents(versions=True) == before


def test_plan_writes_nothing_and_says_what_would_be_done(
    books: Bookshop, books_database: Database
) -> None:
    books.seeds(TWO)
    before = books_database.contents(versions=True)
    result = books.ok("seed", "--plan", "--fresh")
    assert result.out.splitlines()[1:] == [
        "load    shelf.authors (sample, new)",
        "                    10  shelf.Author",
        "load    shelf.books (sample, new)",
        "                    20  shelf.Book",
        "          1 to 3 per book  shelf.Review",
    ]
    assert books_database.contents(versions=True) == before


def test_the_ledger_and_the_history_say_what_was_loaded(
    books: Bookshop, books_database: Database
) -> None:
    books.seeds(TWO)
    run = books.ok("seed", "--format", "json").document["run"]
    assert books_database.query(
        "SELECT seed, kind, environment, scale, rows->'shelf_author', run::text"
        " FROM seeding_ledger WHERE seed = 'shelf.authors'"
    ) == [("shelf.authors", "sample", "test", 1.0, 10, run)]
    assert books_database.query(
        "SELECT outcome, exit_code FROM safe_migrate_run WHERE command = 'seed' AND id = %s", run
    ) == [("done", 0)]


def test_only_loads_the_seed_that_is_named(books: Bookshop, books_database: Database) -> None:
    books.seeds(TWO)
    books.ok("seed", "--only", "shelf.authors")
    assert books_database.count("shelf_author") == 10
    assert books_database.count("shelf_book") == 0
    books.ok("seed", "--only", "shelf")
    assert books_database.count("shelf_book") == 20


def test_only_what_is_unknown_is_refused(books: Bookshop) -> None:
    books.seeds(TWO)
    assert_failure(
        books.run("seed", "--only", "shelf.autors"),
        2,
        """
        SD-110 --only shelf.autors is no seed of test. Did you mean 'shelf.authors'?
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py seed --plan
        More: docs/errors.md#sd-110
        """,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fresh", "--keep"), "--fresh deletes the rows that --keep keeps."),
        (
            ("--reference", "--fresh"),
            "--reference loads reference rows alone: --fresh has no meaning with it.",
        ),
        (
            ("--reference", "--only", "shelf"),
            "--reference loads reference rows alone: --only has no meaning with it.",
        ),
    ],
)
def test_options_that_contradict_each_other(
    books: Bookshop, words: tuple[str, ...], said: str
) -> None:
    result = books.run("seed", *words, "--format", "json")
    assert (result.code, result.document["error"]["code"]) == (2, "SD-111")
    assert result.document["error"]["what"] == said


def test_the_profile_chooses_seeds_and_scales(books: Bookshop, books_database: Database) -> None:
    books.seeds(TWO)
    profile = {"seeds": ["shelf.authors"], "scale": 10, "scales": {"shelf": 0.5}}
    books.ok("seed", SEEDING=books.seeding(PROFILES={"test": profile}))
    assert books_database.count("shelf_author") == 5
    assert books_database.count("shelf_book") == 0


def test_a_profile_that_chooses_an_unknown_seed(books: Bookshop) -> None:
    books.seeds(TWO)
    settings = books.seeding(PROFILES={"test": {"seeds": ["shelv"]}})
    assert_failure(
        books.run("seed", SEEDING=settings),
        4,
        """
        SD-223 SEEDING["PROFILES"] chooses 'shelv', which is no seed and no app with seeds. Did
        you mean 'shelf'?
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Correct settings.SEEDING.
              python manage.py seed --plan
        More: docs/errors.md#sd-223
        """,
    )


def test_a_named_row_is_made_once_and_left_alone(books: Bookshop, books_database: Database) -> None:
    books.seeds("""
    @ensure()
    def editor(s):
        s.row(AuthorFactory, "name", name="the editor")
    """)
    books.ok("seed")
    assert books_database.query("SELECT name FROM shelf_author") == [("the editor",)]
    books.seeds("""
    @ensure()
    def editor(s):
        s.row(AuthorFactory, "name", name="the editor")
        s.row(AuthorFactory, "name", name="another")
    """)
    report = books.ok("seed", "--format", "json").document
    assert [seed["state"] for seed in report["seeds"]] == ["changed"]
    assert report["rows"] == {"shelf.Author": 1}
    assert books_database.count("shelf_author") == 2


def test_sequences_go_on_after_numbers_that_a_factory_gave_itself(
    books: Bookshop, books_database: Database
) -> None:
    books.factories("""
    class NumberedFactory(BookFactory):
        id = factory.Sequence(lambda n: 1_000 + n)
    """)
    books.seeds("""
    from shelf.factories import NumberedFactory


    @sample()
    def books(s):
        s.bulk(NumberedFactory, 5)
    """)
    books.ok("seed")
    [(number,)] = books_database.query("SELECT nextval('shelf_book_id_seq')")
    assert number == 1_005


def test_rows_that_hooks_make_are_created_one_by_one_and_counted(
    books: Bookshop, books_database: Database
) -> None:
    books.factories("""
    class ReviewedFactory(BookFactory):
        class Meta:
            model = models.Book
            skip_postgeneration_save = True

        author = factory.SubFactory(AuthorFactory)
        review = factory.RelatedFactory(
            ReviewFactory, "book", author=factory.SelfAttribute("book.author")
        )

        @factory.post_generation
        def tagged(book, create, extracted, **kwargs):
            book.tag_set.create(name="new")
    """)
    books.seeds("""
    from shelf.factories import ReviewedFactory


    @sample()
    def books(s):
        s.bulk(ReviewedFactory, 3, author=s.new())
    """)
    plan = books.ok("seed", "--plan").out
    assert "3  shelf.Book, row by row: each has its own new author" in plan
    report = books.ok("seed", "--format", "json").document
    assert report["rows"] == {
        "shelf.Author": 3,
        "shelf.Book": 3,
        "shelf.Review": 3,
        "shelf.Tag": 3,
        "shelf.Tag_books": 3,
    }
    assert books_database.count("shelf_author") == 3


def test_a_seed_that_cannot_be_imported(books: Bookshop) -> None:
    books.write("shelf/seeds.py", "import no_such_module\n")
    assert_failure(
        books.run("seed"),
        4,
        """
        SD-201 The module shelf.seeds cannot be imported: ModuleNotFoundError: No module named
        'no_such_module'
        At line 1 of seeds.py
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Mend shelf.seeds.
              python manage.py seed --plan
        More: docs/errors.md#sd-201
        """,
    )


def test_a_seed_that_asks_the_database_while_it_declares(books: Bookshop) -> None:
    books.seeds("""
    @sample()
    def books(s):
        s.bulk(BookFactory, models.Author.objects.count())
    """)
    result = books.run("seed", "--format", "json")
    assert (result.code, result.document["error"]["code"]) == (4, "SD-203")
    assert result.document["error"]["what"] == (
        "The seed shelf.books asks the database while it declares: "
        'SELECT COUNT(*) AS "__count" FROM "shelf_author"'
    )


def test_a_seed_function_that_fails(books: Bookshop) -> None:
    books.seeds("""
    @sample()
    def books(s):
        s.bulk(BookFactory, 1 / 0)
    """)
    assert_failure(
        books.run("seed"),
        4,
        """
        SD-202 The seed shelf.books could not say what it wants: ZeroDivisionError: division by
        zero
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Mend shelf.books.
              python manage.py seed --plan
        More: docs/errors.md#sd-202
        """,
    )


def test_seeds_in_a_circle(books: Bookshop, books_database: Database) -> None:
    books.seeds("""
    @sample()
    def authors(s):
        s.bulk(AuthorFactory, 1)
        s.bulk(ReviewFactory, 1, book=s.pool(models.Book), author=s.pool(models.Author))


    @sample(after="shelf.authors")
    def books(s):
        s.bulk(BookFactory, 1)
    """)
    assert_failure(
        books.run("seed"),
        4,
        """
        SD-221 The seeds cannot be put in an order:
        shelf.authors needs shelf.books first (it draws shelf.Book from a pool),
        shelf.books needs shelf.authors first (after='shelf.authors').
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Let one of shelf.authors, shelf.books do without the other, or make them one seed.
              python manage.py seed --plan
        More: docs/errors.md#sd-221
        """,
    )
    assert books_database.count("shelf_author") == 0


def test_a_seed_goes_to_the_database_of_its_factories(
    books: Bookshop, books_database: Database
) -> None:
    books.factories("""
    class ElsewhereFactory(AuthorFactory):
        class Meta:
            database = "other"
    """)
    books.seeds("""
    from shelf.factories import ElsewhereFactory


    @sample()
    def here(s):
        s.bulk(AuthorFactory, 2)


    @sample()
    def elsewhere(s):
        s.bulk(ElsewhereFactory, 3)
    """)
    plan = books.ok("seed", "--plan", "--format", "json").document
    jsonschema.validate(plan, schema())
    assert [seed["name"] for seed in plan["seeds"]] == ["shelf.here"]
    words = ("seed", "--plan", "--format", "json", "--database", "other")
    plan = books.ok(*words, OTHER=books_database.name).document
    assert [seed["name"] for seed in plan["seeds"]] == ["shelf.elsewhere"]


def test_a_seed_for_two_databases_is_refused(books: Bookshop) -> None:
    books.factories("""
    class ElsewhereFactory(AuthorFactory):
        class Meta:
            database = "other"
    """)
    books.seeds("""
    from shelf.factories import ElsewhereFactory


    @sample()
    def both(s):
        s.bulk(AuthorFactory, 2)
        s.bulk(ElsewhereFactory, 3)
    """)
    assert_failure(
        books.run("seed"),
        4,
        """
        SD-218 The seed shelf.both writes to several databases: AuthorFactory to 'default',
        ElsewhereFactory to 'other'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Make it one seed for each database.
              python manage.py seed --plan
        More: docs/errors.md#sd-218
        """,
    )
