"""Production is not seeded, however it is tried; each refusal by itself is enough."""

import json
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from safe_migrate.errors import Refused
from safe_migrate.policy import DEFAULTS, Environment
from seeding.conf import Profile
from seeding.guard import Target, require_allowed, require_fit
from tests.projects import assert_failure
from tests.seeding.bookshop import Bookshop
from tests.seeding.conftest import Database
from tests.servers import Server

ONE = """
@sample()
def authors(s):
    s.bulk(AuthorFactory, 10)
"""
ALL: dict[str, Any] = {name.value: {"scale": 0.001} for name in Environment}


@dataclass(frozen=True)
class Attempt:
    """One way to seed what must not be seeded."""

    code: str
    environment: str = "production"
    stamp: str | None = "production"
    words: tuple[str, ...] = ()
    profiles: dict[str, Any] = field(default_factory=lambda: ALL)
    policy: dict[str, Any] = field(default_factory=dict)
    sql: str = ""


ATTEMPTS = {
    "production settings": Attempt("SD-101"),
    "production settings without a profile": Attempt("SD-101", profiles={}),
    "without asking": Attempt("SD-101", words=("--noinput",)),
    "emptying first": Attempt("SD-101", words=("--fresh", "--noinput")),
    "emptying first, confirmed": Attempt("SD-101", words=("--fresh", "--confirm", "any")),
    "taking rows for seeded": Attempt("SD-101", words=("--keep",)),
    "one seed only": Attempt("SD-101", words=("--only", "accounts.customers")),
    "only looking": Attempt("SD-101", words=("--plan",)),
    "saying production": Attempt("SD-101", words=("--env", "production")),
    "saying staging": Attempt("SM-E112", words=("--env", "staging")),
    "a database stamped staging": Attempt("SD-101", stamp="staging"),
    "a policy that allows it": Attempt("SM-E113", policy={"SEEDING_ALLOWED": True}),
    "a capital letter": Attempt("SM-E113", environment="Production"),
    "a name of one's own": Attempt("SM-E113", environment="live"),
    "no name": Attempt("SM-E113", environment=""),
    "staging settings, its database": Attempt("SD-104", environment="staging"),
    "development settings, its database": Attempt("SD-104", environment="development"),
    "test settings, its database": Attempt("SD-104", environment="test"),
    "its database, emptying first": Attempt(
        "SD-104", environment="development", words=("--fresh", "--noinput")
    ),
    "its database, saying staging": Attempt(
        "SD-104", environment="staging", words=("--env", "staging")
    ),
    "its database, reference rows": Attempt(
        "SD-104", environment="staging", words=("--reference",)
    ),
    "its database, only looking": Attempt("SD-104", environment="staging", words=("--plan",)),
    "its database, the stamp deleted": Attempt("SD-103", environment="staging", stamp=None),
    "its database, the stamp's table dropped": Attempt(
        "SD-103", environment="test", sql="DROP TABLE safe_migrate_stamp"
    ),
    "a stamp that no version knows": Attempt("SD-104", environment="staging", stamp="prod"),
    "a stamp in capitals": Attempt("SD-104", environment="staging", stamp="STAGING"),
    "staging without a profile": Attempt(
        "SD-102", environment="staging", stamp="staging", profiles={"test": {}}
    ),
    "staging without any profile": Attempt(
        "SD-102", environment="staging", stamp="staging", profiles={}
    ),
    "a staging where it is not allowed": Attempt(
        "SD-101", environment="staging", stamp="staging", policy={"SEEDING_ALLOWED": False}
    ),
    "a profile of an unknown environment": Attempt(
        "SM-E113", environment="test", stamp="test", profiles={"prod": {}}
    ),
    "a database that may only be read": Attempt(
        "SD-106",
        environment="test",
        stamp="test",
        sql="ALTER DATABASE {} SET default_transaction_read_only = on",
    ),
}


def seed(attempt: Attempt, *more: str) -> tuple[int, str]:
    """Run the command in this process: its exit code, and what it wrote to stdout."""
    out = StringIO()
    tool = {"ENVIRONMENT": attempt.environment, "POLICY": attempt.policy}
    seeding = {"PROFILES": attempt.profiles, "REFERENCE": ["reference/catalog"]}
    with override_settings(SAFE_MIGRATE=tool, SEEDING=seeding):
        try:
            call_command("seed", *attempt.words, *more, stdout=out, stderr=StringIO())
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_is_refused_and_writes_no_row(connected: Database, attempt: Attempt) -> None:
    connected.stamp(attempt.stamp)
    if attempt.sql:
        connected.query(attempt.sql.format(f'"{connected.name}"'))
    before = connected.contents(versions=True)
    code, out = seed(attempt, "--format", "json")
    assert (code, json.loads(out)["error"]["code"]) == (4, attempt.code)
    assert connected.contents(versions=True) == before


@pytest.mark.parametrize("environment", ["development", "test", "staging"])
def test_the_same_command_seeds_where_it_is_allowed(connected: Database, environment: str) -> None:
    """So that the matrix can fail: nothing but the environment stands in its way."""
    connected.stamp(environment)
    code, _ = seed(Attempt("", environment=environment))
    assert code == 0
    assert connected.count("orders_order") == 25


def test_production_under_another_alias(books: Bookshop, books_database: Database) -> None:
    books.seeds(ONE)
    books_database.stamp("production")
    words = ("--database", "other", "--format", "json")
    result = books.run("seed", *words, OTHER=books_database.name)
    assert (result.code, result.document["error"]["code"]) == (4, "SD-104")
    assert books_database.count("shelf_author") == 0


def test_the_system_checks_stop_it_before_it_runs(
    books: Bookshop, books_database: Database
) -> None:
    books.seeds(ONE)
    result = books.run("seed", ENVIRONMENT="Production", SEEDING='{"PROFILES": {"prod": {}}}')
    assert result.code == 1
    assert "safe_migrate.E001" in result.err
    assert "seeding.E001" in result.err
    assert books_database.count("shelf_author") == 0


def test_production_gets_its_reference_rows(books: Bookshop, books_database: Database) -> None:
    books.seeds(ONE)
    books_database.stamp("production")
    rows = [{"model": "shelf.tag", "pk": 1, "fields": {"name": "new", "books": []}}]
    books.write("shelf/fixtures/tags.json", json.dumps(rows))
    books.ok("seed", "--reference", ENVIRONMENT="production", SEEDING='{"REFERENCE": ["tags"]}')
    assert books_database.query("SELECT name FROM shelf_tag") == [("new",)]
    assert books_database.count("shelf_author") == 0


def test_a_stamp_that_changes_after_the_first_look(
    books: Bookshop, books_database: Database
) -> None:
    books.write("shelf/fixtures/tags.json", "[]")
    # The plan is made between the two looks: that is when somebody restamps.
    books.seeds("""
    import os
    import psycopg


    @sample()
    def authors(s):
        with psycopg.connect(os.environ["URL"]) as session:
            session.execute("UPDATE safe_migrate_stamp SET environment = 'production'")
        s.bulk(AuthorFactory, 10)
    """)
    assert_failure(
        books.run("seed"),
        4,
        f"""
        SD-104 The database '{books_database.name}' is stamped 'production', but these settings
        are for 'test'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Check DATABASE_URL: this looks like another environment's database.
              If '{books_database.name}' is a clone that should become test:
              python manage.py safe_doctor --stamp test
        More: docs/errors.md#sd-104
        """,
    )
    assert books_database.count("shelf_author") == 0


def test_pending_migrations(books: Bookshop, books_database: Database) -> None:
    books_database.query("DELETE FROM django_migrations WHERE app = 'shelf'")
    assert_failure(
        books.run("seed"),
        4,
        """
        SD-107 Migrations are pending: shelf.0001_initial. Seeds are written for the models as
        they are now.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_migrate
              python manage.py seed
        More: docs/errors.md#sd-107
        """,
    )


def test_another_run_in_progress(books: Bookshop, books_database: Database) -> None:
    books.seeds(ONE)
    with books_database.server.connect(books_database.name, application_name="migrator") as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x5AFE_319A7E])
        result = books.run("seed", "--wait", "0.3")
        pid = other.info.backend_pid
    failure = " ".join(result.failure().split())
    assert result.code == 5
    assert failure.startswith(
        f"SD-109 Another run holds the lock on '{books_database.name}': pid {pid} (user postgres, "
        "application 'migrator', for "
    )
    assert failure.endswith(
        "Waited 0 s for it. State: The database was not touched. Lost: Nothing was lost. "
        "Next: python manage.py seed --wait 600 If that session is abandoned: "
        f"SELECT pg_terminate_backend({pid}); More: docs/errors.md#sd-109"
    )


def test_an_unreachable_server(books: Bookshop) -> None:
    result = books.run("seed", URL="postgresql://postgres:x@127.0.0.1:1/none")
    assert (result.code, result.failure()[:7]) == (4, "SM-E101")


def fit(**different: object) -> Target:
    known = {"database": "shop", "stamp": "staging", "direct": True, "read_only": False}
    return Target(**{**known, **different})  # type: ignore[arg-type]


def test_a_fit_target_is_not_refused() -> None:
    require_fit(fit(), Environment.STAGING)


@pytest.mark.parametrize(
    ("different", "code", "said"),
    [
        (
            {"stamp": None},
            "SD-103",
            "The database 'shop' has no stamp: it cannot be told whose it is.",
        ),
        (
            {"direct": False},
            "SD-105",
            "The connection to 'shop' goes through a pooler, which would take away the runner's "
            "lock.",
        ),
        (
            {"read_only": True},
            "SD-106",
            "The database 'shop' takes no writes: it is a standby, or its transactions are "
            "read-only.",
        ),
        (
            {"pending": ("a.1", "b.2", "c.3", "d.4")},
            "SD-107",
            "Migrations are pending: a.1, b.2, c.3 and 1 more. Seeds are written for the models "
            "as they are now.",
        ),
    ],
)
def test_an_unfit_target(different: dict[str, object], code: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        require_fit(fit(**different), Environment.STAGING)
    assert (caught.value.code, caught.value.what) == (code, said)


@pytest.mark.parametrize("profile", [None, Profile()])
def test_settings_for_production(profile: Profile | None) -> None:
    with pytest.raises(Refused) as caught:
        require_allowed(DEFAULTS[Environment.PRODUCTION], profile)
    assert caught.value.code == "SD-101"


def test_the_whole_text_for_production_and_for_no_profile(books: Bookshop) -> None:
    assert_failure(
        books.run("seed", ENVIRONMENT="production"),
        4,
        """
        SD-101 These settings are for 'production', where sample data is not allowed.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: The rows that every environment needs: python manage.py seed --reference
        More: docs/errors.md#sd-101
        """,
    )
    assert_failure(
        books.run("seed", ENVIRONMENT="staging"),
        4,
        """
        SD-102 There is no profile for 'staging', so it gets no sample data.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Where it should: SEEDING = {"PROFILES": {"staging": {"scale": 1}}}
              The rows that every environment needs: python manage.py seed --reference
        More: docs/errors.md#sd-102
        """,
    )


def test_the_whole_text_for_an_unstamped_database(
    books: Bookshop, books_database: Database, server: Server
) -> None:
    books_database.stamp(None)
    assert_failure(
        books.run("seed"),
        4,
        f"""
        SD-103 The database '{books_database.name}' has no stamp: it cannot be told whose it is.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_migrate
              or, where it holds data: python manage.py safe_doctor --stamp test
        More: docs/errors.md#sd-103
        """,
    )
