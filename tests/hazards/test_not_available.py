"""Extensions, collations and types that the server or database does not have."""

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.not_available import HAZARD
from tests.hazards.situations import dangers, database

CATALOGUE = (64,)
SERVER = database(
    extensions={"plpgsql": "1.0"}, available_extensions=frozenset({"plpgsql", "citext"}), icu=False
)
ICU = "CREATE COLLATION \"de\" (provider = icu, locale = 'de')"


def test_whole_text() -> None:
    [found] = dangers(HAZARD, 'CREATE EXTENSION IF NOT EXISTS "citex"', SERVER)
    assert found.effect is Effect.FAILS
    assert found.what == (
        "The extension citex is not available on this server (PostgreSQL 18): CREATE EXTENSION"
        " fails"
    )
    assert found.instead == (
        "Did you mean citext?",
        "Let the server's operator install its files (postgresql-contrib, or a package of its"
        " own), or allow it with the provider.",
        "See what there is: SELECT * FROM pg_available_extensions WHERE name = 'citex'",
    )
    assert found.code_instead == ""


def test_what_is_available() -> None:
    assert dangers(HAZARD, "CREATE EXTENSION citext", SERVER) == []
    assert dangers(HAZARD, "CREATE EXTENSION plpgsql", SERVER) == []


def test_a_lint_does_not_know_the_server() -> None:
    assert dangers(HAZARD, "CREATE EXTENSION citex", database(assumed=True)) == []
    assert dangers(HAZARD, ICU, database(assumed=True, icu=False)) == []


def test_a_collation_of_icu() -> None:
    [found] = dangers(HAZARD, ICU, SERVER)
    assert found.what == (
        'The collation "de" is of the provider icu, and this server was built without ICU: CREATE'
        " COLLATION fails"
    )
    assert found.instead[0] == (
        "Use a collation of the provider libc; its locales are those of the server's system."
    )
    assert found.code_instead == "CreateCollation('de', provider='libc', locale='…')"
    assert dangers(HAZARD, ICU, database()) == []
    libc = "CREATE COLLATION c (provider = libc, locale = 'C')"
    assert dangers(HAZARD, libc, SERVER) == []


def test_a_type_of_an_extension() -> None:
    sql = 'ALTER TABLE "orders_order" ADD COLUMN "tag" citext NULL'
    [found] = dangers(HAZARD, sql, SERVER)
    assert found.what == (
        "The column tag has the type citext, which is the extension citext's, and that is not"
        " installed in this database"
    )
    assert found.code_instead == 'CreateExtension("citext")'
    assert dangers(HAZARD, sql, SERVER, earlier="CREATE EXTENSION citext") == []
    assert dangers(HAZARD, sql, database(extensions={"citext": "1.6"})) == []
    [table] = dangers(HAZARD, "CREATE TABLE t (id int, v vector(3), w vector[])", SERVER)[:1]
    assert "The column v has the type vector" in table.what
