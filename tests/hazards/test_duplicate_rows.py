"""SM-H121: rows that are alike in what is to be unique, asked of the data."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.duplicate_rows import HAZARD
from tests.hazards.real import ask
from tests.hazards.situations import ORDER, answered, dangers, database, new, questions
from tests.servers import Server

CATALOGUE = (5, 7, 8, 15, 17, 37, 41)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "cn" UNIQUE ("customer_id", "number")'
OPEN = 'CREATE UNIQUE INDEX "o" ON "orders_order" ("number") WHERE "status" = \'open\''
LOWER = 'CREATE UNIQUE INDEX CONCURRENTLY "l" ON "orders_order" ((LOWER("number")))'
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, customer_id bigint, number text, status text);
    INSERT INTO orders_order VALUES
        (1, 7, 'A', 'open'), (2, 7, 'A', 'shut'), (3, 7, 'a', 'open'), (4, NULL, 'B', 'open'),
        (5, NULL, 'B', 'shut'), (6, 8, NULL, 'open'), (7, 8, NULL, 'open')
"""


def test_it_fails_and_examples_are_named() -> None:
    [found] = answered(HAZARD, ADD, "7, A", "9, B")
    assert (found.effect, found.phase) == (Effect.FAILS, Phase.SPLIT)
    assert found.what == (
        'it fails: "orders_order" has more than one row with ("customer_id", "number") ='
        " 7, A and 9, B"
    )
    assert found.examples == ("7, A", "9, B")
    assert found.instead == (
        "Merge or change these rows in a migration before this one.",
        "Deploy code that writes no more of them first.",
    )
    assert found.code_instead == (
        "-- all of them\n"
        """SELECT coalesce(("customer_id")::text, 'NULL') || ', ' ||"""
        """ coalesce(("number")::text, 'NULL')"""
        ' FROM "public"."orders_order" WHERE ("customer_id") IS NOT NULL'
        ' AND ("number") IS NOT NULL GROUP BY ("customer_id"), ("number") HAVING count(*) > 1'
    )


def test_nothing_is_said_without_an_answer_or_where_there_is_none() -> None:
    assert dangers(HAZARD, ADD) == []
    assert answered(HAZARD, ADD) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (ADD, ["7, A"]),
        (OPEN, []),
        (OPEN.replace("open", "shut").replace('("number")', '("customer_id", "number")'), []),
        (LOWER, ["a", "b"]),
        (ADD.replace("UNIQUE", "UNIQUE NULLS NOT DISTINCT"), ["7, A", "8, NULL", "NULL, B"]),
        ('ALTER TABLE "orders_order" ADD PRIMARY KEY ("id")', []),
        ('CREATE UNIQUE INDEX "d" ON "orders_order" ("status" DESC)', ["open", "shut"]),
    ],
)
def test_what_is_asked_is_answered_by_real_rows(
    server: Server, sql: str, expected: list[str]
) -> None:
    [question] = questions(HAZARD, sql)
    assert sorted(ask(server, TABLES, question)) == expected


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, database(replace(ORDER, assumed=True))),
        (ADD, Database(major=18, tables={})),
        (ADD.replace("UNIQUE (", "CHECK (").replace(",", "="), database()),
        ('ALTER TABLE "orders_order" ADD CONSTRAINT "u" UNIQUE USING INDEX "u"', database()),
        ('CREATE INDEX "i" ON "orders_order" ("number")', database()),
    ],
)
def test_nothing_is_asked(sql: str, where: Database) -> None:
    assert questions(HAZARD, sql, where) == []


def test_a_column_that_was_added_before_is_not_asked_for() -> None:
    earlier = 'ALTER TABLE "orders_order" ADD COLUMN "customer_id" bigint'
    assert questions(HAZARD, ADD, earlier=earlier) == []
