"""SM-H106: every row is checked while everybody waits."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.check_constraint import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (6,)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "amount_max" CHECK ("amount" <= 100);'
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, amount int, status text);
    INSERT INTO orders_order SELECT g, g FROM generate_series(1, 9) g
"""


def test_everybody_waits_while_rows_are_checked() -> None:
    given = operation(
        "AddConstraint",
        code="migrations.AddConstraint(\n"
        "    model_name='order',\n"
        "    constraint=models.CheckConstraint(...),\n"
        ")",
    )
    [found] = dangers(HAZARD, ADD, None, given)
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is checked for "amount_max" under ACCESS'
        " EXCLUSIVE: reads and writes wait about 72 ms"
    )
    assert found.held_ms == pytest.approx(72)
    assert found.instead == (
        "Add it NOT VALID, for new rows only; validate it in a later migration, while others read"
        " and write.",
    )
    assert found.code_instead == (
        "from django.contrib.postgres.operations import AddConstraintNotValid,"
        " ValidateConstraint\n"
        "\n"
        "operations = [\n"
        "    AddConstraintNotValid(\n"
        "        model_name='order',\n"
        "        constraint=models.CheckConstraint(...),\n"
        "    ),\n"
        "]\n"
        "\n"
        "# and in the migration after it\n"
        "operations = [\n"
        '    ValidateConstraint(model_name="order", name="amount_max"),\n'
        "]"
    )


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        (ADD.replace(";", " NOT VALID"), database()),
        ('ALTER TABLE "orders_order" VALIDATE CONSTRAINT "amount_max"', database()),
        ('ALTER TABLE "orders_order" DROP CONSTRAINT "amount_max"', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_a_check_without_a_name_is_left_as_it_is() -> None:
    """PostgreSQL names it after what is in it."""
    sql = 'ALTER TABLE "orders_order" ADD CHECK ("amount" <= 100)'
    [found] = dangers(HAZARD, sql)
    assert "is checked for a check constraint under" in found.what
    assert HAZARD.rewrite(situation(sql)) == ()
    assert found.code_instead == ""


@pytest.mark.parametrize(
    "sql",
    [
        ADD,
        'ALTER TABLE "orders_order" ADD CONSTRAINT "Odd name" CHECK (("amount" > 0 AND NOT'
        " (\"status\" IN ('a', 'b') OR \"status\" ~ 'x%'))) NO INHERIT",
    ],
)
def test_the_safe_way_ends_in_the_same_schema(server: Server, sql: str) -> None:
    assert_equal_schema(HAZARD, server, TABLES, sql, operation("AddConstraint"))
