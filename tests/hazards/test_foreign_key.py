"""SM-H108: rows are looked up while writes to two tables wait."""

import re

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.foreign_key import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, USER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE = (19, 20, 39, 41)

ADD = (
    'ALTER TABLE "orders_order" ADD CONSTRAINT "order_buyer_fk" FOREIGN KEY ("customer_id")'
    ' REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED'
)
COLUMN = (
    'ALTER TABLE "orders_order" ADD COLUMN "buyer_id" bigint NULL CONSTRAINT "buyer_fk"'
    ' REFERENCES "accounts_user"("id") DEFERRABLE INITIALLY DEFERRED;'
)
IMMEDIATE = ' SET CONSTRAINTS "buyer_fk" IMMEDIATE;'
INDEX = 'CREATE INDEX "buyer_idx" ON "orders_order" ("buyer_id")'
TABLES = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY);
    CREATE TABLE orders_order (id bigint PRIMARY KEY, customer_id bigint);
    INSERT INTO accounts_user SELECT generate_series(1, 3);
    INSERT INTO orders_order SELECT g, g % 3 + 1 FROM generate_series(1, 9) g
"""


def test_writes_to_both_tables_wait_while_rows_are_looked_up() -> None:
    given = operation("AlterField", code="migrations.AlterField(...)")
    [found] = dangers(HAZARD, ADD, None, given)
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.SHARE_ROW_EXCLUSIVE)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is looked up in "accounts_user" under SHARE ROW'
        ' EXCLUSIVE: writes there, and writes to "accounts_user", wait about 1.6 s'
    )
    assert found.held_ms == pytest.approx(1560)
    assert found.instead == (
        "Add the foreign key NOT VALID, for new rows only; validate it in a transaction of its"
        " own, while others read and write.",
    )
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ADD CONSTRAINT "order_buyer_fk" FOREIGN KEY'
        " (customer_id) REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED NOT VALID',\n"
        '                reverse_sql=\'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "order_buyer_fk"\',\n'
        "            ),\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" VALIDATE CONSTRAINT'
        ' "order_buyer_fk"\',\n'
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.AlterField(...),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_a_new_column_without_values_looks_nothing_up_but_locks_two_tables() -> None:
    given = operation("AddField", statements=statements(COLUMN + IMMEDIATE + INDEX))
    [found] = dangers(HAZARD, COLUMN, None, given)
    assert (found.effect, found.lock) == (Effect.QUEUE, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'column "buyer_id" and its foreign key come in one statement: it needs ACCESS EXCLUSIVE on'
        ' "orders_order" and SHARE ROW EXCLUSIVE on "accounts_user" at once, and keeps both to the'
        " migration's end, also while the column's index is built"
    )
    # The whole operation is replaced: its column, its key and, concurrently, its index.
    written = re.findall(r"RunSQL\(\s*(['\"])(.*?)\1,", found.code_instead)
    assert [sql.partition('"buyer')[0] for _, sql in written] == [
        'ALTER TABLE "orders_order" ADD COLUMN ',
        'ALTER TABLE "orders_order" ADD CONSTRAINT ',
        'ALTER TABLE "orders_order" VALIDATE CONSTRAINT ',
        "CREATE INDEX CONCURRENTLY buyer_idx ON orders_order USING btree (buyer_id)",
    ]
    assert "SET CONSTRAINTS" not in found.code_instead


def test_a_new_column_with_a_value_is_looked_up_in_every_row() -> None:
    [found] = dangers(HAZARD, COLUMN.replace("NULL", "DEFAULT 1 NOT NULL"))
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.ACCESS_EXCLUSIVE)
    assert found.what.endswith(
        'reads and writes there, and writes to "accounts_user", wait about 1.6 s'
    )


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        (ADD + " NOT VALID", database()),
        (COLUMN, database(new(USER))),
        (COLUMN.replace("accounts_user", "orders_order"), database()),
        ('ALTER TABLE "orders_order" VALIDATE CONSTRAINT "order_buyer_fk"', database()),
        ('ALTER TABLE "orders_order" ADD COLUMN "buyer_id" bigint NULL', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


@pytest.mark.parametrize(
    "sql",
    [
        ADD,
        ADD.replace("DEFERRABLE", "ON DELETE SET NULL DEFERRABLE"),
        'ALTER TABLE "orders_order" ADD FOREIGN KEY ("customer_id") REFERENCES "accounts_user"',
        COLUMN,
        COLUMN.replace("NULL", "DEFAULT 1 NOT NULL"),
        COLUMN.replace("NULL", 'NULL UNIQUE CHECK ("buyer_id" > 0)'),
    ],
)
def test_the_safe_way_ends_in_the_same_schema(server: Server, sql: str) -> None:
    required = ("SM-H202", "SM-H203") if "NOT NULL" in sql else ()
    assert_equal_schema(HAZARD, server, TABLES, sql, operation("AddField"), allowed=required)
