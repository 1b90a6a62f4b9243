"""SM-H113: CONCURRENTLY where there is a transaction."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.concurrent_in_transaction import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.situations import dangers, operation, situation
from tests.servers import Server

CATALOGUE = (58,)

CREATE = 'CREATE INDEX CONCURRENTLY "i" ON "orders_order" ("status")'
ALONE = operation("RunSQL", atomic=False)
CONCURRENT = [
    CREATE,
    'DROP INDEX CONCURRENTLY "i"',
    'REINDEX TABLE CONCURRENTLY "orders_order"',
    'ALTER TABLE "orders_order" DETACH PARTITION "p" CONCURRENTLY',
]


@pytest.mark.parametrize("sql", CONCURRENT)
def test_it_fails_in_an_atomic_migration(sql: str) -> None:
    [found] = dangers(HAZARD, sql, None, operation("RunSQL", code="migrations.RunSQL('…')"))
    assert found.effect is Effect.FAILS
    assert found.what == (
        "it fails: CONCURRENTLY cannot run inside a transaction, and orders.0007_change runs in one"
    )
    assert found.instead == ("Set atomic = False in this migration, and let it hold nothing else.",)
    assert found.code_instead == ("atomic = False\noperations = [\n    migrations.RunSQL('…'),\n]")


def test_it_fails_in_one_text_with_others() -> None:
    text = f"{CREATE}; SELECT 1"
    given = replace(ALONE, statements=statements(text))
    met = situation(CREATE, None, given)
    met = replace(met, statement=replace(met.statement, joined=True))
    [found] = HAZARD.find(met)
    assert found.what == (
        "it fails: its text holds other statements too, what is sent at once runs in one"
        " transaction, and CONCURRENTLY cannot"
    )
    assert found.instead == ("Give RunSQL a list, with each statement a text of its own.",)
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.RunSQL(\n"
        "        sql=[\n"
        f"            '{CREATE}',\n"
        "            'SELECT 1',\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


@pytest.mark.parametrize("sql", CONCURRENT)
def test_no_danger_outside_of_one(sql: str) -> None:
    assert dangers(HAZARD, sql, None, ALONE) == []
    assert dangers(HAZARD, sql.replace(" CONCURRENTLY", "")) == []


def test_a_view_may_be_refreshed_so_in_a_transaction(server: Server, database: str) -> None:
    sql = "REFRESH MATERIALIZED VIEW CONCURRENTLY v"
    assert dangers(HAZARD, sql) == []
    with server.connect(database) as session:
        session.execute(
            "CREATE MATERIALIZED VIEW v AS SELECT 1 AS id; CREATE UNIQUE INDEX ON v (id)"
        )
        with session.transaction():
            session.execute(sql.encode())


@pytest.mark.parametrize("text", [f"BEGIN; {CREATE}", f"{CREATE}; SELECT 1", f"SELECT 1; {CREATE}"])
def test_postgresql_refuses_it(server: Server, database: str, text: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (status text)")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction):
            session.execute(text.encode())
