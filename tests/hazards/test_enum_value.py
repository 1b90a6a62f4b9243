"""A value added to an enum type and used in the same transaction."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.hazards.enum_value import HAZARD
from safe_migrate.plan.parse import statements
from tests import servers
from tests.conftest import SERVERS
from tests.hazards.situations import dangers, database, operation, program

CATALOGUE = (59,)
ADDED = "ALTER TYPE mood ADD VALUE 'new'"


@pytest.mark.parametrize("major", [16, 18])
@pytest.mark.parametrize(
    ("earlier", "sql"),
    [
        (ADDED, "INSERT INTO m VALUES (1, 'new')"),
        (ADDED, "ALTER TABLE m ALTER mood SET DEFAULT 'new'"),
        (ADDED, "UPDATE m SET id = 2 WHERE mood = 'new'"),
        (ADDED, "CREATE INDEX ON m (id) WHERE mood = 'new'"),
        (ADDED, "CREATE TABLE n (mood mood DEFAULT 'new')"),
        (ADDED, "INSERT INTO m VALUES (1, 'old')"),
        ("ALTER TYPE mood RENAME VALUE 'old' TO 'fine'", "INSERT INTO m VALUES (1, 'fine')"),
        (
            "CREATE TYPE own AS ENUM ('a'); ALTER TYPE own ADD VALUE 'b'",
            "CREATE TABLE n (own own DEFAULT 'b')",
        ),
    ],
)
def test_it_is_found_exactly_where_the_server_refuses(major: int, earlier: str, sql: str) -> None:
    server = servers.embedded(Path(SERVERS) / "test", major)
    refused = False
    with server.database() as name, server.connect(name) as session:
        session.execute("CREATE TYPE mood AS ENUM ('old'); CREATE TABLE m (id int, mood mood)")
        try:
            with session.transaction():
                for part in (*earlier.split("; "), sql):
                    session.execute(part.encode())
        except psycopg.errors.UnsafeNewEnumValueUsage:
            refused = True
    found = dangers(HAZARD, sql, database(major=major), earlier=earlier)
    assert bool(found) is refused


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "INSERT INTO m VALUES (1, 'new')", earlier=ADDED)
    assert (found.effect, found.phase, found.table) == (Effect.FAILS, Phase.SPLIT, '"m"')
    assert found.what == (
        "'new' is added to the type \"mood\", and INSERT uses it in the same transaction:"
        ' "unsafe use of new value of enum type"'
    )
    assert found.instead == ("Add the value in a migration of its own, and use it in the next.",)
    assert found.code_instead == (
        "class Migration(migrations.Migration):\n"
        "    operations = [migrations.RunSQL(\"ALTER TYPE mood ADD VALUE 'new'\","
        " migrations.RunSQL.noop)]"
    )


def test_a_program_may_use_it() -> None:
    given = replace(program(), earlier=statements(ADDED))
    [found] = HAZARD.find(given)
    assert "and the program that runs after it may use it in the same transaction" in found.what


def test_in_a_transaction_of_its_own_it_is_none() -> None:
    alone = operation(atomic=False)
    assert dangers(HAZARD, "INSERT INTO m VALUES (1, 'new')", what=alone, earlier=ADDED) == []
