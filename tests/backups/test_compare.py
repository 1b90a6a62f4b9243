"""What a person is told of a restored database that is not the one that was backed up."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psycopg
import pytest

from safe_migrate.backups.compare import LIMIT, differences
from safe_migrate.postgres import schema
from safe_migrate.postgres.fingerprint import fingerprints
from safe_migrate.postgres.snapshot import count_rows
from tests.servers import Server


@dataclass(frozen=True)
class Recorded:
    """What a manifest holds of a database."""

    server_major: int
    objects: dict[str, str]
    rows: dict[str, int]
    fingerprints: dict[str, str] = field(default_factory=dict)


BEFORE = """
    CREATE SEQUENCE up; CREATE SEQUENCE down INCREMENT -1;
    SELECT setval('up', 10), setval('down', -10);
    CREATE TABLE book (id int PRIMARY KEY, title text NOT NULL DEFAULT 'x',
                       price int CHECK (price > 0));
    CREATE INDEX book_title ON book (title);
    CREATE VIEW cheap AS SELECT id FROM book WHERE price < 5;
    INSERT INTO book SELECT i, 'title ' || i, i FROM generate_series(1, 12) i;
    CREATE MATERIALIZED VIEW numbers AS SELECT count(*) FROM book;
    CREATE TABLE author (name text); COMMENT ON TABLE author IS 'who writes';
    CREATE TRIGGER same BEFORE UPDATE ON author
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
"""


@pytest.fixture
def session(server: Server, database: str) -> Iterator[psycopg.Connection]:
    with server.connect(database) as session:
        session.execute(BEFORE.encode())
        yield session


@pytest.fixture
def recorded(server: Server, session: psycopg.Connection) -> Recorded:
    rows = count_rows(session)
    prints = fingerprints(session, [*rows, "public.numbers"])
    return Recorded(server.major, schema.objects(session), rows, prints)


def told(recorded: Recorded, session: psycopg.Connection, **flags: bool) -> list[str]:
    return differences(recorded, session, **{"fingerprint": True, "ownership": True, **flags})


def test_the_same_database_has_none(recorded: Recorded, session: psycopg.Connection) -> None:
    assert told(recorded, session) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("DROP INDEX book_title", ["index public.book_title is missing"]),
        ("CREATE INDEX more ON book (price)", ["index public.more is not in the backup"]),
        (
            "ALTER TABLE book ALTER title SET DEFAULT 'y'",
            ["column public.book.title is not as in the backup"],
        ),
        (
            "DELETE FROM book WHERE id > 10",
            ["table public.book has 10 rows, the backup has 12"],
        ),
        ("DELETE FROM book WHERE id > 1", ["table public.book has 1 row, the backup has 12"]),
        (
            "UPDATE book SET title = 'y' WHERE id = 3",
            ["the rows of table public.book are not those of the backup"],
        ),
        ("SELECT lo_from_bytea(0, 'x')", None),
        # Told once, not for each thing that went with it.
        ("DROP TABLE author", ["table public.author is missing"]),
        ("DROP VIEW cheap", ["view public.cheap is missing"]),
        ("CREATE TABLE two (i int, t text)", ["table public.two is not in the backup"]),
        (
            "CREATE OR REPLACE VIEW cheap AS SELECT id FROM book WHERE price < 6",
            ["view public.cheap is not as in the backup"],
        ),
        (
            "ALTER TABLE author OWNER TO pg_monitor",
            ["owner of table public.author is not as in the backup"],
        ),
        (
            "GRANT SELECT ON author TO PUBLIC",
            ["grants on table public.author is not in the backup"],
        ),
        ("SELECT setval('up', 9)", ["sequence public.up is at 9, the backup has it at 10"]),
        ("SELECT setval('down', -9)", ["sequence public.down is at -9, the backup has it at -10"]),
        (
            "SELECT setval('up', 1, false)",
            ["sequence public.up was never used, the backup has it at 10"],
        ),
        ("DROP SEQUENCE up", ["sequence public.up is missing"]),
    ],
)
def test_each_difference_is_a_sentence(
    recorded: Recorded, session: psycopg.Connection, change: str, expected: list[str] | None
) -> None:
    session.execute(change.encode())
    found = told(recorded, session)
    assert found == (
        expected
        or [
            "large objects of this database is not in the backup",
            "the large objects are not those of the backup",
        ]
    )


@pytest.mark.parametrize(
    "change",
    [
        # A sequence may have moved on between the digest and the dump.
        "SELECT setval('up', 11), setval('down', -11)",
        # It is made anew from its tables, which may have changed since it was last refreshed.
        "DELETE FROM book WHERE id = 12; REFRESH MATERIALIZED VIEW numbers; "
        "INSERT INTO book VALUES (12, 'title 12', 12)",
        "DROP SCHEMA IF EXISTS not_there",
    ],
)
def test_what_a_restore_may_change(
    recorded: Recorded, session: psycopg.Connection, change: str
) -> None:
    session.execute(change.encode())
    assert told(recorded, session) == []


def test_a_schema_that_every_new_database_has(server: Server) -> None:
    """pg_dump never says that `public` was dropped."""
    with server.database() as name, server.connect(name) as session:
        given = schema.objects(session)
        session.execute("DROP SCHEMA public")
        recorded = Recorded(server.major, schema.objects(session), {})
        session.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        session.execute("COMMENT ON SCHEMA public IS 'standard public schema'")
        session.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        assert schema.objects(session) == given
        assert told(recorded, session) == []


def test_another_server_has_other_roles(recorded: Recorded, session: psycopg.Connection) -> None:
    session.execute("ALTER TABLE author OWNER TO pg_monitor; GRANT SELECT ON book TO PUBLIC")
    assert told(recorded, session, ownership=False) == []


def test_another_major_version_prints_views_in_another_way(
    recorded: Recorded, session: psycopg.Connection
) -> None:
    session.execute("CREATE OR REPLACE VIEW cheap AS SELECT id FROM book WHERE price < 6")
    older = replace(recorded, server_major=recorded.server_major - 1)
    assert told(older, session) == []
    session.execute("DROP VIEW cheap")
    assert told(older, session) == ["view public.cheap is missing"]


def test_only_what_was_asked_for_and_recorded(
    recorded: Recorded, session: psycopg.Connection
) -> None:
    session.execute("UPDATE book SET title = 'y' WHERE id = 3; DROP TABLE author")
    assert told(recorded, session, fingerprint=False) == ["table public.author is missing"]
    assert told(replace(recorded, fingerprints={}), session) == ["table public.author is missing"]
    rows_alone = replace(recorded, objects={}, fingerprints={})
    assert told(rows_alone, session) == ["table public.author is missing"]


def test_there_is_an_end_to_it(recorded: Recorded, session: psycopg.Connection) -> None:
    session.execute(" ".join(f"CREATE SEQUENCE s{i};" for i in range(LIMIT + 5)).encode())
    found = told(recorded, session)
    assert len(found) == LIMIT + 1
    assert found[-1] == "and 5 more"
