"""The fingerprint of rows: equal for the same rows, and for no others."""

from collections.abc import Iterator

import psycopg
import pytest

from safe_migrate.postgres.fingerprint import LARGE_OBJECTS, fingerprints
from tests.servers import Server

T = "public.t"


@pytest.fixture
def session(server: Server, database: str) -> Iterator[psycopg.Connection]:
    with server.connect(database) as session:
        yield session


def of(server: Server, statements: str, *tables: str) -> dict[str, str]:
    """The fingerprints in a new database in which the statements were run."""
    with server.database() as name, server.connect(name) as session:
        session.execute(statements.encode())
        return fingerprints(session, tables or [T])


def test_neither_the_order_of_rows_nor_of_columns_matters(server: Server) -> None:
    one = of(server, "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    other = of(
        server,
        """CREATE TABLE t (gone int, b text, a int); ALTER TABLE t DROP COLUMN gone;
        INSERT INTO t VALUES ('y', 2), ('x', 1)""",
    )
    assert one == other
    assert one[T].startswith("2:")


@pytest.mark.parametrize(
    "rows",
    [
        "(1, 'x')",
        "(1, 'x'), (1, 'x'), (2, NULL)",
        "(1, 'x'), (2, '')",
        "(2, 'x'), (1, NULL)",
        "(1, 'x '), (2, NULL)",
        "(1, 'X'), (2, NULL)",
        "(1, NULL), (2, 'x')",
        "(NULL, 'x'), (2, NULL)",
    ],
)
def test_other_rows_have_another(server: Server, rows: str) -> None:
    make = "CREATE TABLE t (a int, b text); INSERT INTO t VALUES"
    assert of(server, f"{make} (1, 'x'), (2, NULL)") != of(server, f"{make} {rows}")


def test_it_is_of_the_table_alone(server: Server) -> None:
    found = of(
        server,
        """CREATE TABLE t (i int); CREATE TABLE child () INHERITS (t);
        INSERT INTO t VALUES (1); INSERT INTO child VALUES (2);
        CREATE TABLE parts (i int) PARTITION BY LIST (i);
        CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1); INSERT INTO parts VALUES (1)""",
        *(T, "public.child", "public.parts", "public.part_1", "public.not_there"),
    )
    assert {table: text.partition(":")[0] for table, text in found.items()} == {
        T: "1",
        "public.child": "1",
        "public.part_1": "1",
    }


def test_materialised_views_where_they_are_populated(server: Server) -> None:
    found = of(
        server,
        """CREATE MATERIALIZED VIEW full_one AS SELECT 1 AS i;
        CREATE MATERIALIZED VIEW empty_one AS SELECT 1 AS i WITH NO DATA""",
        *("public.full_one", "public.empty_one"),
    )
    assert found.keys() == {"public.full_one"}


def test_generated_columns_count_but_virtual_ones_are_never_computed(server: Server) -> None:
    make = "CREATE TABLE t (i int, g int GENERATED ALWAYS AS ({}) STORED); INSERT INTO t VALUES (2)"
    assert of(server, make.format("i + 1")) != of(server, make.format("i + 2"))
    if server.major >= 18:
        make = "CREATE TABLE t (i int{}); INSERT INTO t VALUES (0)"
        failing = ", g int GENERATED ALWAYS AS (1 / i)"
        assert of(server, make.format(failing)) == of(server, make.format(""))


def test_odd_names(session: psycopg.Connection) -> None:
    session.execute(
        """
        CREATE SCHEMA "a.b"; CREATE SCHEMA a; CREATE SCHEMA "S ""q"" x";
        CREATE TABLE "a.b".c (i int); INSERT INTO "a.b".c VALUES (1);
        CREATE TABLE a."b.c" (i int); INSERT INTO a."b.c" VALUES (2);
        CREATE TABLE "S ""q"" x"."t %s '{}" ("c ""%" int);
        INSERT INTO "S ""q"" x"."t %s '{}" VALUES (1);
        CREATE TABLE public."select" (); INSERT INTO public."select" DEFAULT VALUES
        """
    )
    names = ["a.b.c", 'S "q" x.t %s \'{}', "public.select"]
    found = fingerprints(session, names)
    assert [found[name].partition(":")[0] for name in names] == ["2", "1", "1"]
    session.execute('UPDATE "a.b".c SET i = 3')
    assert fingerprints(session, names)["a.b.c"] != found["a.b.c"]


def test_a_readers_settings_make_no_difference_and_are_kept(session: psycopg.Connection) -> None:
    session.execute(
        """
        CREATE TABLE t (at timestamptz, d date, i interval, f float8, b bytea, m money, r regclass);
        INSERT INTO t VALUES ('2020-02-03 04:05+06', '2020-02-03', '1 mon -2 days 03:00', 1.0 / 3,
                              '\\x00ff', 12.5, 't')
        """
    )
    before = fingerprints(session, [T])
    session.execute(
        """
        SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German, DMY'; SET IntervalStyle = 'iso_8601';
        SET extra_float_digits = -5; SET bytea_output = 'escape'; SET search_path = public, pg_temp
        """
    )
    assert fingerprints(session, [T]) == before
    shown = session.execute("SELECT current_setting('TimeZone'), current_setting('DateStyle')")
    assert shown.fetchone() == ("Asia/Tokyo", "German, DMY")


def test_large_objects(server: Server) -> None:
    make = "SELECT lo_from_bytea(4711, decode(repeat('00ff', {}), 'hex')), lo_from_bytea(4712, '')"
    exactly_two_pieces = of(server, make.format(1 << 20))
    assert exactly_two_pieces[LARGE_OBJECTS].startswith("2:")
    assert of(server, make.format(1 << 20)) == exactly_two_pieces
    assert of(server, make.format((1 << 20) - 1)) != exactly_two_pieces
    changed = f"{make.format(1 << 20)}; SELECT lo_put(4711, 2097151, 'x')"
    assert of(server, changed) != exactly_two_pieces
    moved = make.format(1 << 20).replace("4712", "4713")
    assert of(server, moved) != exactly_two_pieces
    assert of(server, "SELECT 1") == {}


def test_rows_that_may_not_be_seen_are_no_rows_less(server: Server, database: str) -> None:
    """Row security would hide them without a word."""
    server.query(
        database,
        """CREATE TABLE t (i int); INSERT INTO t VALUES (1);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE ROLE reader_of_t LOGIN PASSWORD 'x'; GRANT SELECT ON t TO reader_of_t""",
    )
    try:
        url = server.url(database, user="reader_of_t", password="x")
        denied = psycopg.errors.InsufficientPrivilege
        with psycopg.connect(url) as reader, pytest.raises(denied):
            fingerprints(reader, [T])
    finally:
        server.query(database, "DROP OWNED BY reader_of_t; DROP ROLE reader_of_t")
