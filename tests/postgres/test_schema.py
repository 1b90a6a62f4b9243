"""The digest of a schema: what is one definition and what is another, and who may ask."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import IsolationLevel

from safe_migrate.postgres.schema import objects
from safe_migrate.postgres.schema.expression import canonical
from tests.servers import Server


@pytest.fixture
def session(server: Server, database: str) -> Iterator[psycopg.Connection]:
    with server.connect(database) as session:
        yield session


def after(server: Server, statements: str) -> dict[str, str]:
    """The objects of a new database in which the statements were run."""
    with server.database() as name, server.connect(name) as session:
        session.execute(statements.encode())
        return objects(session)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::bpchar])::text[]))",
            "((status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::bpchar)::text]))",
        ),
        ("('2020-01-01'::timestamp(3) without time zone)", "'2020-01-01'"),
        ("x::numeric(10,2) + 1", "x + 1"),
        ("x::interval day to second(3)", "(x)"),
        ("x::interval(0)", "x"),
        ('\'a\'::"Odd (schema)"."A ""type"""[]', "'a'"),
        ("'a'::public.mood[3][]", "'a'"),
        ("(a AND b) AND\n  c", "a AND b AND c"),
        ("'-1'::integer", "('-1'::integer)"),
    ],
)
def test_the_same_but_for_casts_and_parentheses(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'(a)::text'", "'a'"),
        ("'a'", "'a '"),
        ("'it''s ::text'", "'its ::text'"),
        (r"E'\'::text'", r"E'\''"),
        (r"'back\'::text", r"'back\x'::text"),
        ('"a(b)"', '"ab"'),
        ('"a::text"', '"a"'),
        ("a", '"a"'),
        ("a b", "ab"),
        ("f(a) + b", "f(a + b)"),
        ("a = 1", "a = 11"),
        ("a = ANY (b)", "a <> ALL (b)"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_the_order_of_columns_and_the_names_of_not_null_are_not_part(server: Server) -> None:
    named = "CONSTRAINT i_is_there NOT NULL" if server.major >= 18 else "NOT NULL"
    one = after(server, "CREATE TABLE t (i int NOT NULL, t text, PRIMARY KEY (i))")
    other = after(server, f"CREATE TABLE t (gone int, t text, i int {named}, PRIMARY KEY (i))")
    del other["column public.t.gone"]
    assert one == other


def test_what_is_the_same_by_default_is_the_same(server: Server) -> None:
    """pg_dump does not write grants that are an object's own anyway."""
    one = after(server, "CREATE TABLE t (i int)")
    assert after(server, "CREATE TABLE t (i int); GRANT SELECT ON t TO CURRENT_USER") == one
    none = after(server, "CREATE TABLE t (i int); REVOKE ALL ON t FROM CURRENT_USER")
    assert none.keys() - one.keys() == {"grants on table public.t"}


def test_an_index_that_is_not_valid_is_left_out(session: psycopg.Connection) -> None:
    session.execute("CREATE TABLE t (i int); INSERT INTO t VALUES (1), (1)")
    before = objects(session)
    with pytest.raises(psycopg.errors.UniqueViolation):
        session.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON t (i)")
    assert objects(session) == before


def test_every_name_is_one_key(session: psycopg.Connection) -> None:
    session.execute(
        """
        CREATE SCHEMA "a.b"; CREATE SCHEMA a;
        CREATE TABLE "a.b".c ("x y" int); CREATE TABLE a."b.c" ("x y" int, "ü'" int)
        """
    )
    tables = {key for key in objects(session) if key.startswith(("table ", "column "))}
    assert tables == {
        'table "a.b".c',
        'column "a.b".c."x y"',
        'table a."b.c"',
        'column a."b.c"."x y"',
        'column a."b.c"."ü\'"',
    }


def test_any_role_may_ask_and_gets_the_same(server: Server, database: str) -> None:
    role = f"r_{secrets.token_hex(4)}"
    server.query(
        database,
        f"""
        CREATE ROLE {role} LOGIN PASSWORD 'x';
        CREATE SCHEMA hidden;
        CREATE TABLE hidden.t (i serial PRIMARY KEY CHECK (i > 0), t text DEFAULT 'x');
        CREATE VIEW hidden.v AS SELECT * FROM hidden.t;
        CREATE POLICY p ON hidden.t USING (i > 1);
        CREATE FUNCTION hidden.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE PUBLICATION p_{role} FOR TABLE hidden.t;
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
        CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (password 'secret');
        REVOKE ALL ON SCHEMA hidden FROM PUBLIC;
        """,
    )
    try:
        with (
            server.connect(database) as superuser,
            psycopg.connect(server.url(database, user=role, password="x")) as other,
        ):
            assert objects(other) == objects(superuser)
            assert "view hidden.v" in objects(other)
    finally:
        server.query(database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_readers_settings_make_no_difference_and_are_kept(session: psycopg.Connection) -> None:
    session.execute(
        """
        CREATE SCHEMA other;
        CREATE TABLE other.t (d timestamptz DEFAULT '2020-01-01 00:00+00',
                              i interval DEFAULT '1 day', b bytea DEFAULT '\\xff');
        CREATE VIEW other.v AS SELECT d FROM other.t WHERE d > '2020-01-01 00:00+00'
        """
    )
    before = objects(session)
    session.execute(
        """
        SET search_path = other; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY';
        SET IntervalStyle = 'sql_standard'; SET bytea_output = 'escape';
        SET quote_all_identifiers = on; SET standard_conforming_strings = on
        """
    )
    assert objects(session) == before
    shown = session.execute("SELECT current_setting('search_path'), current_setting('TimeZone')")
    assert shown.fetchone() == ("other", "Asia/Tokyo")


def test_in_a_transaction_it_reads_that_transactions_snapshot(
    server: Server, database: str, session: psycopg.Connection
) -> None:
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    session.read_only = True
    with session.transaction():
        before = objects(session)
        server.query(database, "CREATE TABLE later (i int)")
        assert objects(session) == before
        shown = session.execute("SELECT current_setting('search_path')").fetchone()
        assert shown == ('"$user", public',)
    assert "table public.later" in objects(session)


def test_the_value_of_a_sequence_is_readable(session: psycopg.Connection) -> None:
    session.execute(
        """
        CREATE SEQUENCE up; CREATE SEQUENCE down INCREMENT -1; CREATE SEQUENCE round CYCLE;
        CREATE SEQUENCE unused;
        SELECT nextval('up'), nextval('up'), nextval('down'), nextval('round')
        """
    )
    values = {key: value for key, value in objects(session).items() if "value" in key}
    assert values == {
        "sequence value public.up": "up 2",
        "sequence value public.down": "down -1",
        "sequence value public.round": "cycling",
    }
