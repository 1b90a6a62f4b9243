"""The queue behind a brief lock."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.hazards.lock_queue import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new

CATALOGUE = (65,)
SQL = 'ALTER TABLE "orders_order" ADD COLUMN "paid" boolean NULL'


def test_whole_text() -> None:
    [found] = dangers(HAZARD, SQL, database(replace(ORDER, statements_per_second=118.6)))
    assert (found.effect, found.lock) == (Effect.QUEUE, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'ALTER TABLE needs ACCESS EXCLUSIVE on "orders_order" (about 119 statements a second on'
        " it): while it waits behind a long transaction, reads and writes queue behind it"
    )
    assert found.instead == (
        "Run it with safe_migrate: it gives up before anybody waits longer than the budget, and"
        " tries again.",
    )


def test_whoever_is_known_to_come_or_not() -> None:
    [found] = dangers(HAZARD, SQL)
    assert 'ACCESS EXCLUSIVE on "orders_order": while' in found.what


def test_every_table_it_locks() -> None:
    sql = (
        'ALTER TABLE "orders_order" ADD CONSTRAINT "c" FOREIGN KEY ("amount")'
        ' REFERENCES "accounts_user" ("id")'
    )
    found = dangers(HAZARD, sql)
    assert [(each.table, each.lock) for each in found] == [
        ('"public"."orders_order"', Lock.SHARE_ROW_EXCLUSIVE),
        ('"public"."accounts_user"', Lock.SHARE_ROW_EXCLUSIVE),
    ]
    assert found[0].what.endswith("writes queue behind it")


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders_order VALIDATE CONSTRAINT c",
        "CREATE INDEX CONCURRENTLY i ON orders_order (amount)",
        "UPDATE orders_order SET amount = 1",
        "CREATE TABLE t (id int)",
        "COMMENT ON TABLE orders_order IS ''",
    ],
)
def test_nobody_waits_for_it(sql: str) -> None:
    assert dangers(HAZARD, sql) == []


def test_nobody_waits_for_a_table_of_this_plan() -> None:
    assert dangers(HAZARD, SQL, database(new(ORDER))) == []
