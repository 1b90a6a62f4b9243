"""All rows of a table removed."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.hazards.rows_gone import HAZARD
from tests.hazards.situations import ORDER, SMALL, USER, dangers, new
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "TRUNCATE orders_order")
    assert (found.effect, found.lock, found.phase) == (
        Effect.LOSES_DATA,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert found.what == (
        'TRUNCATE removes all rows of "orders_order" (1.2 M rows): only a backup has them'
    )
    assert found.instead == (
        "Have a backup whose restore was proved, and name the rows: DELETE … WHERE, in batches of"
        " the primary key.",
        "Where the table is to go, remove the model in a later release.",
    )


def test_with_everything_that_points_to_it() -> None:
    order = replace(ORDER, referenced_by=(SMALL.name,))
    [found] = dangers(HAZARD, "TRUNCATE accounts_user CASCADE", shop(order))
    assert found.what == (
        'TRUNCATE removes all rows of "accounts_user" (300 k rows), and with CASCADE those of'
        ' "orders_order", "catalog_category": only a backup has them'
    )


@pytest.mark.parametrize("sql", ["TRUNCATE u", "TRUNCATE u, o", "TRUNCATE u CASCADE", "TRUNCATE o"])
def test_what_others_point_to_cannot_be_truncated(server: Server, database: str, sql: str) -> None:
    user = replace(USER, name='"public"."u"', referenced_by=('"public"."o"',))
    order = replace(ORDER, name='"public"."o"')
    found = dangers(HAZARD, sql, shop(user, order))
    refused = False
    with server.connect(database) as session:
        session.execute("CREATE TABLE u (id int PRIMARY KEY)")
        session.execute("CREATE TABLE o (u int REFERENCES u)")
        try:
            session.execute(sql.encode())
        except psycopg.errors.FeatureNotSupported:
            refused = True
    assert any(each.effect is Effect.FAILS for each in found) is refused is (sql == "TRUNCATE u")


def test_the_refusal_in_words() -> None:
    _, refused = dangers(HAZARD, "TRUNCATE accounts_user")
    assert refused.what == (
        'TRUNCATE of "accounts_user" fails: "orders_order" has a foreign key to it'
    )


def test_a_delete_of_everything() -> None:
    [found] = dangers(HAZARD, "DELETE FROM catalog_category")
    assert (found.effect, found.lock) == (Effect.LOSES_DATA, Lock.ROW_EXCLUSIVE)
    assert dangers(HAZARD, "DELETE FROM catalog_category WHERE name = ''") == []


def test_a_table_of_this_plan_has_no_rows() -> None:
    assert dangers(HAZARD, "TRUNCATE orders_order", shop(new(ORDER))) == []
