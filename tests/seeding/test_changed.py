"""A seed that changed since it was loaded, and the two ways out."""

import pytest

from seeding.api import Kind
from seeding.ledger import Entry
from seeding.plan import Action, State, action_of, state_of
from tests.projects import assert_failure
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database

SEEDS = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, {authors})


@sample()
def books(s):
    s.bulk(BookFactory, 10, author=s.pool(models.Author))
"""


@pytest.fixture
def changed(books: Bookshop) -> Bookshop:
    books.seeds(SEEDS.format(authors=5))
    books.ok("seed")
    books.seeds(SEEDS.format(authors=7))
    return books


def test_is_refused_and_shown(changed: Bookshop, books_database: Database) -> None:
    before = books_database.contents(versions=True)
    assert_failure(
        changed.run("seed"),
        4,
        """
        SD-130 shelf.authors has changed since it was loaded. Loading it again would double its
        rows.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: To delete what seeds have loaded and load it anew: python manage.py seed --fresh
              To keep the rows and take them for the new ones: python manage.py seed --keep
        More: docs/errors.md#sd-130
        """,
    )
    lines = changed.ok("seed", "--plan").out.splitlines()
    assert "refuse  shelf.authors (sample, changed)" in lines
    assert "skip    shelf.books (sample, unchanged)" in lines
    assert lines[-1] == "Changed since loaded: needs --fresh (load anew) or --keep (as it is)."
    assert books_database.contents(versions=True) == before


def test_keep_takes_the_rows_for_the_new_ones(changed: Bookshop, books_database: Database) -> None:
    before = books_database.data()
    changed.ok("seed", "--keep")
    assert books_database.data() == before
    assert "Nothing to do" in changed.ok("seed").out


def test_fresh_loads_anew(changed: Bookshop, books_database: Database) -> None:
    changed.ok("seed", "--fresh", "--noinput")
    assert books_database.count("shelf_author") == 7
    assert "Nothing to do" in changed.ok("seed").out


def test_what_was_emptied_by_somebody_is_loaded_again(
    books: Bookshop, books_database: Database
) -> None:
    books.seeds(SEEDS.format(authors=5))
    books.ok("seed")
    before = books_database.data()
    books_database.query("TRUNCATE shelf_author, shelf_book CASCADE")
    report = books.ok("seed", "--format", "json").document
    assert {seed["state"] for seed in report["seeds"]} == {"emptied"}
    after = books_database.data()
    assert after["shelf_author"] == before["shelf_author"]
    assert books_database.count("shelf_book") == 10


ENTRY = Entry(
    seed="a.b",
    kind="sample",
    definition="old",
    environment="test",
    random_seed=0,
    scale=1,
    rows={"t": 1},
    versions={},
    run="",
)


def test_states() -> None:
    assert state_of("old", None, emptied=False) is State.NEW
    assert state_of("old", ENTRY, emptied=False) is State.UNCHANGED
    assert state_of("new", ENTRY, emptied=False) is State.CHANGED
    assert state_of("old", ENTRY, emptied=True) is State.EMPTIED


@pytest.mark.parametrize(
    ("kind", "state", "undone", "keep", "action"),
    [
        (Kind.SAMPLE, State.NEW, False, False, Action.LOAD),
        (Kind.SAMPLE, State.UNCHANGED, False, False, Action.SKIP),
        (Kind.SAMPLE, State.UNCHANGED, True, False, Action.LOAD),
        (Kind.SAMPLE, State.CHANGED, False, False, Action.REFUSE),
        (Kind.SAMPLE, State.CHANGED, False, True, Action.KEEP),
        (Kind.SAMPLE, State.CHANGED, True, False, Action.LOAD),
        (Kind.SAMPLE, State.EMPTIED, False, True, Action.LOAD),
        (Kind.ENSURE, State.CHANGED, False, False, Action.LOAD),
        (Kind.REFERENCE, State.CHANGED, False, False, Action.LOAD),
        (Kind.REFERENCE, State.UNCHANGED, False, False, Action.SKIP),
    ],
)
def test_actions(kind: Kind, state: State, undone: bool, keep: bool, action: Action) -> None:
    assert action_of(kind, state, undone=undone, keep=keep) is action
