"""Tables and indexes written anew while others wait."""

import psycopg
import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import ExistingIndex
from safe_migrate.hazards.maintenance import HAZARD
from tests.hazards import situations as shop
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, new, operation, table
from tests.servers import Server

CATALOGUE = (63,)
ALONE = operation(atomic=False)
ANEW = "ACCESS EXCLUSIVE: reads and writes wait about"


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "VACUUM FULL orders_order",
            f'VACUUM FULL writes "orders_order" anew (1.2 M rows) under {ANEW} 1.8 s',
        ),
        (
            "CLUSTER orders_order USING i",
            f'CLUSTER writes "orders_order" anew (1.2 M rows) under {ANEW} 1.8 s',
        ),
        (
            "REFRESH MATERIALIZED VIEW orders_order",
            f'REFRESH fills "orders_order" anew (1.2 M rows) under {ANEW} 2.9 s',
        ),
        (
            "REINDEX SCHEMA public",
            "REINDEX goes through every table of the schema, and locks each in turn",
        ),
        (
            "VACUUM FULL",
            "VACUUM FULL goes through every table of the database, and locks each in turn",
        ),
    ],
)
def test_written_anew(sql: str, what: str) -> None:
    [found] = dangers(HAZARD, sql, what=ALONE)
    assert (found.effect, found.lock) == (Effect.REWRITE, Lock.ACCESS_EXCLUSIVE)
    assert found.what == what


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "REINDEX TABLE orders_order", what=ALONE)
    assert found.held_ms == 600.0
    assert found.what == (
        'REINDEX builds indexes of "orders_order" anew (1.2 M rows) under SHARE and ACCESS'
        " EXCLUSIVE on them: reads and writes wait about 600 ms"
    )
    assert found.instead == (
        "REINDEX CONCURRENTLY, in a migration of its own with atomic = False.",
    )
    assert found.code_instead == (
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        "    operations = [migrations.RunSQL('REINDEX TABLE CONCURRENTLY \"orders_order\"',"
        " migrations.RunSQL.noop)]"
    )


@pytest.mark.parametrize(("indexes", "measured"), [(1, 1.38), (2, 2.64), (4, 4.47), (8, 7.82)])
def test_predictions_are_within_a_factor_of_two(indexes: int, measured: float) -> None:
    """Microseconds for a row of VACUUM FULL, measured on PostgreSQL 18 with 200,000 of them."""
    index = ExistingIndex(name="i", columns=("id",))
    where = shop.database(table("orders_order", rows=1000, indexes=(index,) * indexes))
    [found] = dangers(HAZARD, "VACUUM FULL orders_order", where, ALONE)
    assert measured / 2 < (found.held_ms or 0) < measured * 2


def test_an_index_alone() -> None:
    index = ExistingIndex(name="i", columns=("id",))
    where = shop.database(table("orders_order", indexes=(index, index)))
    [one] = dangers(HAZARD, "REINDEX INDEX i", where)
    [all_] = dangers(HAZARD, "REINDEX TABLE orders_order", where)
    assert one.table == all_.table == '"public"."orders_order"'
    assert (one.held_ms or 0) * 2 == all_.held_ms


@pytest.mark.parametrize(
    "sql",
    [
        "VACUUM orders_order",
        "ANALYZE orders_order",
        "REINDEX TABLE CONCURRENTLY orders_order",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY orders_order",
    ],
)
def test_nobody_waits(sql: str) -> None:
    assert dangers(HAZARD, sql, what=ALONE) == []


def test_a_table_of_this_plan_is_empty() -> None:
    where = shop.database(new(ORDER))
    assert dangers(HAZARD, "CLUSTER orders_order USING i", where) == []


TRIED = {
    "VACUUM FULL t": True,
    "VACUUM t": True,
    "CLUSTER": True,
    "REINDEX SCHEMA public": True,
    "ANALYZE t": False,
    "CLUSTER t USING t_pkey": False,
    "REINDEX TABLE t": False,
}


@pytest.mark.parametrize("sql", TRIED)
def test_what_the_server_refuses_in_a_transaction(server: Server, database: str, sql: str) -> None:
    refused = False
    with server.connect(database) as session:
        session.execute("CREATE TABLE t (id int PRIMARY KEY)")
        try:
            with session.transaction():
                session.execute(sql.encode())
        except psycopg.errors.ActiveSqlTransaction:
            refused = True
    failing = [found for found in dangers(HAZARD, sql) if found.effect is Effect.FAILS]
    assert bool(failing) is refused is TRIED[sql]


@pytest.mark.parametrize("sql", ["REINDEX TABLE t", "REINDEX INDEX t_pkey"])
def test_concurrently_the_schema_is_the_same(server: Server, sql: str) -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY, a text)"
    [step] = assert_equal_schema(HAZARD, server, before, sql)
    assert step.concurrent
