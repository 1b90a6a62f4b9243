"""The tables that dropping one locks."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.related_locked import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, USER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE = (51,)

DROPPED = 'DROP TABLE "orders_order" CASCADE'
DELETE = operation("DeleteModel", code="migrations.DeleteModel(name='Order')")


def test_whole_text() -> None:
    [found] = dangers(HAZARD, DROPPED, None, DELETE)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H307",
        Effect.QUEUE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (found.table, found.held_ms) == ('"public"."accounts_user"', 1.0)
    assert found.what == (
        'dropping "orders_order" locks "accounts_user" as well, because of foreign'
        " keys: reads and writes of all of them queue behind it"
    )
    assert found.instead == ("Drop the foreign keys first, each in a transaction of its own.",)
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "orders_order_customer_id_fk_accounts_user_id"\',\n'
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "            migrations.RunSQL('DROP TABLE \"orders_order\" CASCADE'),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.DeleteModel(name='Order'),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_what_points_to_it() -> None:
    found = dangers(HAZARD, "DROP TABLE accounts_user CASCADE")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.QUEUE,
            Phase.CONTRACT,
            1.0,
            (
                'dropping "accounts_user" locks "orders_order" as well, because of foreign'
                " keys: reads and writes of all of them queue behind it"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED, database(new(ORDER))),
        dangers(HAZARD, DROPPED, database(new(USER))),
        dangers(HAZARD, "DROP TABLE catalog_category"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


SHOP = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY);
    CREATE TABLE orders_order (
        id bigint PRIMARY KEY, customer_id bigint CONSTRAINT customer REFERENCES accounts_user,
        parent_id bigint CONSTRAINT parent REFERENCES orders_order
    );
    CREATE TABLE orders_line (order_id bigint CONSTRAINT "odd ""key" REFERENCES orders_order);
"""
DROPS = ("SM-H106", "SM-H306", "SM-H308")


def test_the_safe_way(server: Server) -> None:
    steps = assert_equal_schema(HAZARD, server, SHOP, DROPPED, allowed=DROPS)
    assert len(steps) == 2
