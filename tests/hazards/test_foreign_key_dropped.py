"""SM-H110: a foreign key goes, and the table that it pointed to is locked for it."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.foreign_key_dropped import HAZARD
from safe_migrate.hazards.lock_queue import HAZARD as QUEUE
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE = (10, 38, 39, 40, 41)

DROP = (
    'SET CONSTRAINTS "orders_order_customer_id_fk_accounts_user_id" IMMEDIATE; ALTER TABLE'
    ' "orders_order" DROP CONSTRAINT "orders_order_customer_id_fk_accounts_user_id"'
)
COLUMN = 'ALTER TABLE "orders_order" DROP COLUMN "customer_id" CASCADE'
TABLES = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY);
    CREATE TABLE orders_order (id bigint PRIMARY KEY, customer_id bigint
        CONSTRAINT "Odd" REFERENCES accounts_user DEFERRABLE INITIALLY DEFERRED
        CONSTRAINT two REFERENCES accounts_user);
    INSERT INTO accounts_user VALUES (1); INSERT INTO orders_order VALUES (1, 1)
"""


def test_reads_of_the_other_table_wait_too() -> None:
    [found] = dangers(HAZARD, DROP, None, operation("AlterField"))
    assert (found.effect, found.lock, found.table, found.phase) == (
        Effect.QUEUE,
        Lock.ACCESS_EXCLUSIVE,
        '"public"."accounts_user"',
        Phase.CONTRACT,
    )
    assert found.what == (
        'with the foreign key "orders_order_customer_id_fk_accounts_user_id" its triggers go from'
        ' both tables: ACCESS EXCLUSIVE on "orders_order" and on "accounts_user", so reads and'
        ' writes of "accounts_user" wait as well, and behind it while it waits'
    )
    assert found.instead == ("Let this migration do nothing else: both locks are held to its end.",)


def test_it_goes_with_its_column() -> None:
    [found] = dangers(HAZARD, COLUMN, None, operation("RemoveField"))
    assert found.instead[0] == "Drop the foreign key in a migration of its own, before the column."
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "orders_order_customer_id_fk_accounts_user_id"\',\n'
        "            ),\n"
        '            migrations.RunSQL(\'ALTER TABLE "orders_order" DROP COLUMN'
        ' "customer_id" CASCADE\'),\n'
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.RemoveField(...),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (DROP, database(new(ORDER))),
        (DROP, database(replace(ORDER, constraints=()))),
        ('ALTER TABLE "orders_order" DROP COLUMN "note"', database()),
        ('ALTER TABLE "orders_order" DROP CONSTRAINT "orders_order_pkey"', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_other_constraints_lock_their_own_table_only() -> None:
    """A check or a unique constraint that goes is a brief lock and a queue, no more."""
    sql = 'ALTER TABLE "orders_order" DROP CONSTRAINT "order_amount_ck"'
    assert [found.table for found in dangers(QUEUE, sql)] == [ORDER.name]


def test_the_safe_way_ends_in_the_same_schema(server: Server) -> None:
    steps = assert_equal_schema(
        HAZARD,
        server,
        TABLES,
        COLUMN,
        operation("RemoveField"),
        allowed=("SM-H301", "SM-H302", "SM-H303", "SM-H304"),
    )
    assert len(steps) == 3
