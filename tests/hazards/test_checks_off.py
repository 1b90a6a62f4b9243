"""Triggers and foreign keys switched off."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.hazards.checks_off import HAZARD
from tests.hazards.situations import ORDER, dangers, new
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()
AFTER = ": rows that break them come in, and are not looked at again afterwards"


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "ALTER TABLE orders_order DISABLE TRIGGER ALL")
    assert (found.effect, found.lock) == (Effect.LOSES_DATA, Lock.SHARE_ROW_EXCLUSIVE)
    assert found.what == (
        'DISABLE TRIGGER switches off all triggers and foreign keys of "orders_order" for'
        f" everybody{AFTER}"
    )
    assert found.instead == (
        "Change the rows in an order that the foreign keys allow; those of Django are checked at"
        " the transaction's end anyway.",
        "Where a trigger is in the way, let its function look at a setting of the transaction.",
    )


@pytest.mark.parametrize(
    ("sql", "which"),
    [
        (
            "ALTER TABLE orders_order DISABLE TRIGGER USER",
            'DISABLE TRIGGER switches off all triggers of "orders_order" for everybody',
        ),
        (
            "ALTER TABLE orders_order DISABLE TRIGGER stamp",
            'DISABLE TRIGGER switches off the trigger stamp of "orders_order" for everybody',
        ),
        (
            "SET LOCAL session_replication_role = replica",
            "session_replication_role = replica switches off all triggers and foreign keys for"
            " this session",
        ),
    ],
)
def test_which(sql: str, which: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert found.what == which + AFTER


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders_order ENABLE TRIGGER ALL",
        "SET session_replication_role = origin",
        "ALTER TABLE orders_order DISABLE RULE r",
    ],
)
def test_harmless(sql: str) -> None:
    assert dangers(HAZARD, sql) == []


def test_a_table_of_this_plan() -> None:
    sql = "ALTER TABLE orders_order DISABLE TRIGGER ALL"
    assert dangers(HAZARD, sql, shop(new(ORDER))) == []


def test_what_came_in_stays_and_the_constraint_says_that_it_is_valid(
    server: Server, database: str
) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE u (id int PRIMARY KEY)")
        session.execute("CREATE TABLE o (u int REFERENCES u)")
        session.execute("ALTER TABLE o DISABLE TRIGGER ALL")
        session.execute("INSERT INTO o VALUES (7)")
        session.execute("ALTER TABLE o ENABLE TRIGGER ALL")
        valid = session.execute("SELECT convalidated FROM pg_constraint WHERE contype = 'f'")
        assert valid.fetchall() == [(True,)]
