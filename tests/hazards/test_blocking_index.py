"""SM-H101: an index is built while writes wait."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock, Operation
from safe_migrate.hazards.blocking_index import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, SMALL, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (1, 8, 18, 36)

ADD = 'CREATE INDEX "order_placed_idx" ON "orders_order" ("status", "amount");'
LIKE = 'CREATE INDEX "orders_order_code_1_like" ON "orders_order" ("code" varchar_pattern_ops)'
FIELD = 'ALTER TABLE "orders_order" ADD COLUMN "code" varchar(20) NULL;'
BUYER = (
    'ALTER TABLE "orders_order" ADD COLUMN "buyer_id" bigint NULL CONSTRAINT "buyer_fk"'
    ' REFERENCES "accounts_user"("id") DEFERRABLE INITIALLY DEFERRED;'
    ' SET CONSTRAINTS "buyer_fk" IMMEDIATE;'
)
BUYER_INDEX = 'CREATE INDEX "buyer_idx" ON "orders_order" ("buyer_id")'
TABLES = """
    CREATE TABLE orders_order (
        id bigint PRIMARY KEY, number varchar(20), status varchar(12), amount int, code varchar(20)
    );
    INSERT INTO orders_order SELECT g, 'n' || g, 'open', g, 'c' || g FROM generate_series(1, 9) g
"""


def add_index(sql: str) -> Operation:
    return operation("AddIndex", statements=statements(sql))


def test_writes_wait_until_it_is_built() -> None:
    [found] = dangers(HAZARD, ADD, None, add_index(ADD))
    assert (found.effect, found.lock, found.table) == (
        Effect.SCAN,
        Lock.SHARE,
        '"public"."orders_order"',
    )
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read and sorted into "order_placed_idx"'
        " under SHARE: writes wait about 660 ms"
    )
    assert found.held_ms == pytest.approx(660)
    assert found.instead == (
        "Build the index CONCURRENTLY, in a migration of its own with atomic = False.",
    )
    assert found.code_instead == (
        "from django.contrib.postgres.operations import AddIndexConcurrently\n"
        "\n"
        "atomic = False\n"
        "operations = [\n"
        "    AddIndexConcurrently(\n"
        '        model_name="order",\n'
        '        index=models.Index(fields=["status", "amount"], name="order_placed_idx"),\n'
        "    ),\n"
        "]"
    )


def test_what_django_has_no_operation_for_is_written_as_sql() -> None:
    sql = 'CREATE UNIQUE INDEX "open" ON "orders_order" ("number") WHERE "status" = \'open\''
    given = operation("AddConstraint", code="migrations.AddConstraint(model_name='order')")
    [found] = dangers(HAZARD, sql, None, given)
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                "CREATE UNIQUE INDEX CONCURRENTLY open ON orders_order USING btree'
        " (number) WHERE status = 'open'\",\n"
        "                reverse_sql='DROP INDEX CONCURRENTLY IF EXISTS \"open\"',\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.AddConstraint(model_name='order'),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_reads_wait_too_where_the_transaction_has_altered_the_table() -> None:
    [found] = dangers(HAZARD, LIKE, None, operation("AddField"), earlier=FIELD)
    assert found.lock is Lock.ACCESS_EXCLUSIVE
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read and sorted into'
        ' "orders_order_code_1_like" under ACCESS EXCLUSIVE: reads and writes wait about 600 ms,'
        " since the transaction has altered the table before"
    )
    assert found.instead[0] == "Leave the index out of the field's first migration."


def test_writes_wait_at_the_other_end_of_a_foreign_key_added_before() -> None:
    held, parent = dangers(HAZARD, BUYER_INDEX, None, operation("AddField"), earlier=BUYER)
    assert held.table == '"public"."orders_order"'
    assert parent.table == '"public"."accounts_user"'
    assert parent.what == (
        'the foreign key to "accounts_user" that the transaction has added keeps it under'
        ' SHARE ROW EXCLUSIVE while "buyer_idx" is built: writes wait there too, about 600 ms'
    )


def test_a_lint_knows_no_size_and_assumes_a_large_table() -> None:
    [found] = dangers(
        HAZARD, 'CREATE INDEX "i" ON "far_away" ("x")', database(assumed=True), add_index(ADD)
    )
    assert found.held_ms is None
    assert found.what == (
        'every row of "far_away" (size unknown, assumed large) is read and sorted into "i" under'
        " SHARE: writes wait as long as that takes"
    )


def test_on_partitions_it_cannot_be_done_at_once() -> None:
    [found] = dangers(HAZARD, ADD, database(replace(ORDER, partitions=4)), add_index(ADD))
    assert found.code_instead == ""
    assert "attach the partitions' indexes" in found.instead[0]


def test_size_is_told_and_left_to_others_to_judge() -> None:
    sql = 'CREATE INDEX "i" ON "catalog_category" ("name")'
    [found] = dangers(HAZARD, sql, None, add_index(sql))
    assert found.table == SMALL.name
    assert found.held_ms is not None
    assert found.held_ms < 1


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        ('CREATE INDEX "i" ON "unknown" ("x")', database()),
        (ADD.replace("INDEX", "INDEX CONCURRENTLY"), database()),
        ('ALTER INDEX "order_placed_idx" RENAME TO "other"', database()),
        ('CREATE TABLE "t" ("id" int PRIMARY KEY)', database()),
    ],
)
def test_no_danger(sql: str, where: object) -> None:
    assert dangers(HAZARD, sql, where) == []


@pytest.mark.parametrize(
    "sql",
    [
        ADD,
        LIKE,
        'CREATE UNIQUE INDEX "o" ON "orders_order" ("number") WHERE "status" = \'open\'',
        'CREATE UNIQUE INDEX "l" ON "orders_order" ((LOWER("number")), "id" DESC) INCLUDE ("code")',
        'CREATE INDEX "Odd ""name" ON "orders_order" USING hash ("number")',
    ],
)
def test_the_safe_way_ends_in_the_same_schema(server: Server, sql: str) -> None:
    [step] = assert_equal_schema(HAZARD, server, TABLES, sql, operation("AddIndex"))
    assert step.concurrent


def test_the_step_is_not_done_by_an_index_that_failed_halfway(server: Server) -> None:
    """The name alone says nothing: the index is there, and invalid."""
    [step] = HAZARD.rewrite(situation('CREATE UNIQUE INDEX "u" ON "orders_order" ("status")'))
    with server.database() as name, server.connect(name) as session:
        session.execute(TABLES.encode())
        with pytest.raises(Exception, match="could not create unique index"):
            session.execute(step.sql.encode())
        assert session.execute("SELECT 1 FROM pg_class WHERE relname = 'u'").fetchone() == (1,)
        assert session.execute(step.postcondition.encode()).fetchone() == (False,)
