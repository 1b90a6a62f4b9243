"""SM-H104: the index of a unique constraint is built while everybody waits."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.unique_constraint import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (5, 7, 17, 37, 41)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "order_cn" UNIQUE ("customer_id", "number");'
COLUMN = 'ALTER TABLE "orders_order" ADD COLUMN "extra" varchar(20) NULL UNIQUE;'
LIKE = 'CREATE INDEX "orders_order_extra_1_like" ON "orders_order" ("extra" varchar_pattern_ops)'
PEER = (
    'ALTER TABLE "orders_order" ADD COLUMN "peer_id" bigint NULL UNIQUE CONSTRAINT "peer_fk"'
    ' REFERENCES "accounts_user"("id") DEFERRABLE INITIALLY DEFERRED'
)
TABLES = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY);
    CREATE TABLE orders_order (
        id bigint NOT NULL, number varchar(20) NOT NULL, status varchar(12), customer_id bigint
    );
    INSERT INTO orders_order SELECT g, 'n' || g, 'open', g FROM generate_series(1, 9) g
"""


def test_everybody_waits_until_its_index_is_built() -> None:
    given = operation("AddConstraint", code="migrations.AddConstraint('order', UNIQUE)")
    [found] = dangers(HAZARD, ADD, None, given)
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read and sorted for the unique constraint'
        ' "order_cn" under ACCESS EXCLUSIVE: reads and writes wait about 930 ms'
    )
    assert found.held_ms == pytest.approx(930)
    assert found.instead == (
        "Build a unique index CONCURRENTLY, then make the constraint of it with USING INDEX: that"
        " reads no row.",
    )
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'CREATE UNIQUE INDEX CONCURRENTLY "order_cn" ON "orders_order"'
        ' ("customer_id", "number")\',\n'
        "                reverse_sql='DROP INDEX CONCURRENTLY IF EXISTS \"order_cn\"',\n"
        "            ),\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ADD CONSTRAINT "order_cn" UNIQUE USING'
        ' INDEX "order_cn"\',\n'
        '                reverse_sql=\'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "order_cn"\',\n'
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.AddConstraint('order', UNIQUE),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_a_new_column_brings_its_constraint() -> None:
    """And its second index is built concurrently in the code that is offered."""
    text = f"{COLUMN} {LIKE}"
    given = operation("AddField", statements=statements(text))
    [found] = dangers(HAZARD, text, None, given)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read and sorted for the unique constraint'
        ' "orders_order_extra_key" under ACCESS EXCLUSIVE: reads and writes wait about 330 ms'
    )
    assert found.code_instead.count("CONCURRENTLY orders_order_extra_1_like") == 1
    assert 'ADD COLUMN "extra" varchar(20)' in found.code_instead


def test_on_partitions_there_is_no_way() -> None:
    [found] = dangers(HAZARD, ADD, database(replace(ORDER, partitions=3)))
    assert found.instead == ("There is no way without the lock here: choose a quiet hour for it.",)
    assert found.code_instead == ""


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        ('ALTER TABLE "orders_order" ADD CONSTRAINT "u" UNIQUE USING INDEX "u"', database()),
        ('ALTER TABLE "orders_order" DROP CONSTRAINT "u"', database()),
        ('ALTER TABLE "orders_order" ADD COLUMN "extra" varchar(20) NULL', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_one_value_for_all_rows_has_no_safe_way() -> None:
    sql = COLUMN.replace("NULL", "DEFAULT 'x' NOT NULL")
    assert HAZARD.rewrite(situation(sql)) == ()


@pytest.mark.parametrize(
    "sql",
    [
        ADD,
        'ALTER TABLE "orders_order" ADD CONSTRAINT "d" UNIQUE ("number") INCLUDE ("status")'
        " DEFERRABLE INITIALLY DEFERRED",
        'ALTER TABLE orders_order ADD CONSTRAINT "n" UNIQUE NULLS NOT DISTINCT (number)',
        'ALTER TABLE "orders_order" ADD UNIQUE ("number", "status")',
        'ALTER TABLE "public"."orders_order" ADD CONSTRAINT "p" PRIMARY KEY ("id")',
        COLUMN,
        PEER,
    ],
)
def test_the_safe_way_ends_in_the_same_schema(server: Server, sql: str) -> None:
    assert_equal_schema(HAZARD, server, TABLES, sql, operation("AddConstraint"))


def test_names_that_are_long_or_taken_are_chosen_as_postgresql_does(server: Server) -> None:
    long = "ö" * 29 + "_x"
    tables = f"""
        CREATE TABLE "{long}" (id bigint PRIMARY KEY, a int);
        CREATE TABLE "t_{long[:20]}_extra_key" (id bigint PRIMARY KEY);
        CREATE TABLE t (id bigint PRIMARY KEY, "a_b" int, CONSTRAINT t_b_key CHECK (id > 0));
    """
    for sql in (
        f'ALTER TABLE "{long}" ADD COLUMN "{long[:20]}" int NULL UNIQUE',
        'ALTER TABLE "t" ADD COLUMN "b" int NULL UNIQUE',
    ):
        assert_equal_schema(HAZARD, server, tables, sql, operation("AddField"))
