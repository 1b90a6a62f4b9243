"""The rules for ALTER COLUMN TYPE against PostgreSQL: every pair of types, tried on a server."""

from pathlib import Path

import psycopg
import pytest

from safe_migrate.hazards.column_types import Change, Type, change, parsed
from tests import servers
from tests.conftest import SERVERS
from tests.servers import Server

TYPES = """
    smallint; integer; bigint; boolean; real; double precision
    numeric; numeric(10); numeric(10, 2); numeric(12, 2); numeric(12, 4)
    varchar; varchar(10); varchar(20); text; char(10); bpchar; name
    date; timestamp; timestamp(3); timestamp(6); timestamptz; timestamptz(3)
    time; time(3); timetz; interval; interval(3); interval(6)
    json; jsonb; uuid; inet; cidr; xml; oid; regclass; bytea; tstzrange
    integer[]; bigint[]; varchar(10)[]; varchar(20)[]; varchar[]; text[]
    bit(3); varbit(3); varbit(5); varbit; mood; short
"""
NAMES = [name.strip() for line in TYPES.strip().splitlines() for name in line.split(";")]
SEEN = """
    CREATE TEMPORARY TABLE seen AS
    SELECT relname::text, pg_relation_filenode(oid) AS file FROM pg_class
    WHERE relname IN ('t', 'i') AND relnamespace = 'public'::regnamespace
"""
CHANGED = """
    SELECT relname FROM seen
    WHERE file <> pg_relation_filenode(('public.' || relname)::regclass) ORDER BY relname
"""


@pytest.fixture(scope="module", params=[16, 18])
def any_server(request: pytest.FixtureRequest) -> Server:
    return servers.embedded(Path(SERVERS) / f"hazards-{request.param}", request.param)


def measured(session: psycopg.Connection, old: str, new: str) -> Change:
    """What PostgreSQL does to an empty table; it decides without looking at rows."""
    with session.transaction(force_rollback=True):
        session.execute(f"CREATE TABLE t (c {old})".encode())
        try:
            with session.transaction():
                session.execute("CREATE INDEX i ON t (c)")
        except psycopg.errors.UndefinedObject:
            pass  # no B-tree over json and xml
        session.execute(SEEN)
        try:
            with session.transaction():
                session.execute(f"ALTER TABLE t ALTER c TYPE {new} USING c::{new}".encode())
        except (psycopg.errors.CannotCoerce, psycopg.errors.UndefinedObject):
            return Change.IMPOSSIBLE
        files = {name for (name,) in session.execute(CHANGED).fetchall()}
        if "t" in files:
            return Change.REWRITE
        return Change.INDEXES if files else Change.NONE


@pytest.mark.parametrize(
    ("zone", "names"),
    [
        ("UTC", NAMES),
        ("Europe/Paris", [name for name in NAMES if "time" in name or name == "date"]),
    ],
    ids=["UTC", "Paris"],
)
def test_every_pair(any_server: Server, zone: str, names: list[str]) -> None:
    with any_server.database() as name, any_server.connect(name) as session:
        session.autocommit = True
        session.execute(f"SET timezone = '{zone}'".encode())
        session.execute("CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN short AS varchar(10)")
        too_good, too_bad = [], []
        for old in names:
            for new in names:
                told = change(old, new, utc=zone == "UTC")
                seen = measured(session, old, new)
                if told is Change.IMPOSSIBLE or seen is Change.IMPOSSIBLE:
                    if told is Change.IMPOSSIBLE and seen is not Change.IMPOSSIBLE:
                        too_bad.append((old, new, told, seen))
                    continue
                order = [Change.NONE, Change.INDEXES, Change.REWRITE]
                if order.index(told) < order.index(seen):
                    too_good.append((old, new, told, seen))
                if order.index(told) > order.index(seen):
                    too_bad.append((old, new, told, seen))
    assert too_good == []
    # A domain's base type is in the catalog and not in its name.
    assert [pair for pair in too_bad if "short" not in pair[:2]] == []


def test_a_cast_that_is_not_there() -> None:
    assert change("integer", "uuid") is Change.IMPOSSIBLE
    assert change("jsonb", "text") is Change.REWRITE
    assert change("integer[]", "integer") is Change.IMPOSSIBLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("varchar(20)", Type("character varying", (20,))),
        ("character varying(20)[]", Type("character varying", (20,), True)),
        ("timestamp (3) with time zone", Type("timestamp with time zone", (3,))),
        ("timestamptz", Type("timestamp with time zone")),
        ("numeric(10, 2)", Type("numeric", (10, 2))),
        ("numeric(10)", Type("numeric", (10, 0))),
        ('public."Mood"', Type('public."Mood"')),
        ("pg_catalog.bit(3)", Type("bit", (3,))),
        ("geometry(point, 4326)", Type("geometry", (4326,))),
    ],
)
def test_names_of_types(text: str, expected: Type) -> None:
    assert parsed(text) == expected
