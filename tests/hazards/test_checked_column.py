"""SM-H107: the check of a PositiveIntegerField makes a new column read every row."""

import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.checked_column import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE = (23,)

ADD = 'ALTER TABLE "orders_order" ADD COLUMN "points" integer NULL CHECK ("points" >= 0);'
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, amount int CONSTRAINT taken CHECK (true));
    INSERT INTO orders_order SELECT g, g FROM generate_series(1, 9) g
"""


def test_everybody_waits_though_no_row_has_a_value() -> None:
    given = operation("AddField", code="migrations.AddField(...)")
    [found] = dangers(HAZARD, ADD, None, given)
    assert (found.effect, found.lock, found.phase) == (
        Effect.SCAN,
        Lock.ACCESS_EXCLUSIVE,
        Phase.EXPAND,
    )
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read to check points >= 0 on the new column'
        ' "points" under ACCESS EXCLUSIVE: reads and writes wait about 72 ms'
    )
    assert found.held_ms == pytest.approx(72)
    assert found.instead == (
        "Add the column without the check, then the check NOT VALID, and validate it while others"
        " read and write.",
    )
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ADD COLUMN "points" int\',\n'
        '                reverse_sql=\'ALTER TABLE "orders_order" DROP COLUMN "points"\',\n'
        "            ),\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ADD CONSTRAINT'
        ' "orders_order_points_check" CHECK (points >= 0) NOT VALID\',\n'
        '                reverse_sql=\'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "orders_order_points_check"\',\n'
        "            ),\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" VALIDATE CONSTRAINT'
        ' "orders_order_points_check"\',\n'
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.AddField(...),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        ('ALTER TABLE "orders_order" ADD COLUMN "points" integer NULL', database()),
        ('CREATE TABLE "t" ("points" integer CHECK ("points" >= 0))', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


@pytest.mark.parametrize(
    "sql",
    [
        ADD,
        ADD.replace("NULL", "DEFAULT 0 NOT NULL"),
        ADD.replace("points", "Odd points"),
        'ALTER TABLE "orders_order" ADD COLUMN "points" integer NULL UNIQUE CHECK ("points" >= 0)',
        'ALTER TABLE "orders_order" ADD COLUMN "t" varchar(9) COLLATE "C" DEFAULT \'x\''
        " CHECK (\"t\" <> '')",
    ],
)
def test_the_safe_way_ends_in_the_same_schema(server: Server, sql: str) -> None:
    assert_equal_schema(HAZARD, server, TABLES, sql, operation("AddField"))
