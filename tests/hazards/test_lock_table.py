"""LOCK TABLE."""

import psycopg
import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.hazards.lock_table import HAZARD
from tests.hazards.situations import ORDER, dangers, new, operation
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "LOCK TABLE orders_order IN SHARE MODE")
    assert (found.effect, found.lock, found.held_ms) == (Effect.SCAN, Lock.SHARE, None)
    assert found.what == (
        'LOCK TABLE holds SHARE on "orders_order" until the migration ends: writes wait for all'
        " that it still does"
    )
    assert found.instead == ("Leave it out: each statement takes the lock that it needs.",)


def test_several_tables() -> None:
    found = dangers(HAZARD, "LOCK TABLE orders_order, accounts_user")
    assert [each.lock for each in found] == [Lock.ACCESS_EXCLUSIVE] * 2


def test_nobody_waits() -> None:
    assert dangers(HAZARD, "LOCK TABLE orders_order IN ROW EXCLUSIVE MODE") == []
    assert dangers(HAZARD, "LOCK TABLE orders_order", shop(new(ORDER))) == []


def test_outside_of_a_transaction_it_fails(server: Server, database: str) -> None:
    [found] = dangers(HAZARD, "LOCK TABLE orders_order", what=operation(atomic=False))
    assert found.effect is Effect.FAILS
    assert found.what == (
        "LOCK TABLE fails outside of a transaction, and this migration has atomic = False"
    )
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order ()")
        with pytest.raises(psycopg.errors.NoActiveSqlTransaction):
            session.execute("LOCK TABLE orders_order")
