"""Several tables locked in one transaction."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.hazards.several_tables import HAZARD
from tests.hazards.situations import ORDER, USER, dangers, database, new, operation

CATALOGUE = (66,)
FIRST = 'ALTER TABLE "orders_order" ADD COLUMN "paid" boolean NULL'
SECOND = 'ALTER TABLE "accounts_user" ADD COLUMN "vip" boolean NULL'


def test_whole_text() -> None:
    [found] = dangers(HAZARD, SECOND, earlier=FIRST)
    assert (found.effect, found.lock) == (Effect.QUEUE, Lock.ACCESS_EXCLUSIVE)
    assert found.table == '"public"."accounts_user"'
    assert found.what == (
        'One transaction locks 2 tables, in this order: "orders_order", "accounts_user". A request'
        " that uses them in another order ends in a deadlock, and one of both is cancelled"
    )
    assert found.instead == (
        "One table for each migration, where that can be.",
        "Run it with safe_migrate: with its lock timeout, shorter than deadlock_timeout, it is the"
        " migration that gives way, and tries again.",
    )


def test_one_statement_may_lock_two() -> None:
    sql = 'ALTER TABLE "orders_order" ADD COLUMN "u" bigint REFERENCES "accounts_user" ("id")'
    assert len(dangers(HAZARD, sql, what=operation(atomic=False))) == 1
    assert len(dangers(HAZARD, "CREATE TABLE t (u bigint REFERENCES accounts_user (id))")) == 0


def test_it_is_told_once_for_a_table() -> None:
    assert dangers(HAZARD, SECOND, earlier=f"{FIRST}; {SECOND}") == []


@pytest.mark.parametrize("earlier", ["", "UPDATE orders_order SET amount = 1", SECOND])
def test_one_table(earlier: str) -> None:
    assert dangers(HAZARD, SECOND, earlier=earlier) == []


def test_each_for_itself() -> None:
    assert dangers(HAZARD, SECOND, what=operation(atomic=False), earlier=FIRST) == []


def test_tables_of_this_plan_are_nobodys() -> None:
    assert dangers(HAZARD, SECOND, database(new(ORDER)), earlier=FIRST) == []
    assert dangers(HAZARD, SECOND, database(new(USER)), earlier=FIRST) == []


def test_a_table_that_is_dropped_or_renamed_before() -> None:
    [found] = dangers(HAZARD, SECOND, earlier='DROP TABLE "orders_old" CASCADE')
    assert 'in this order: "orders_old", "accounts_user"' in found.what
    own = 'CREATE TABLE "orders_old" (id int); DROP TABLE "orders_old"'
    assert dangers(HAZARD, SECOND, earlier=own) == []
    renamed = 'ALTER TABLE "orders_sale" RENAME TO "orders_order"'
    [found] = dangers(HAZARD, SECOND, earlier=renamed)
    assert 'in this order: "orders_order", "accounts_user"' in found.what
