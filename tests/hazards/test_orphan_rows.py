"""SM-H123: rows that point to none, asked of the data."""

import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.orphan_rows import HAZARD
from tests.hazards.real import ask
from tests.hazards.situations import ORDER, answered, dangers, database, new, questions
from tests.servers import Server

CATALOGUE = (19, 20, 39, 41)

ADD = (
    'ALTER TABLE "orders_order" ADD CONSTRAINT "fk" FOREIGN KEY ("customer_id")'
    ' REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED'
)
ITSELF = ADD.replace("accounts_user", "orders_order")
TABLES = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY, customer_id bigint);
    CREATE TABLE orders_order (id bigint PRIMARY KEY, customer_id bigint);
    INSERT INTO accounts_user VALUES (1, 5), (2, 5);
    INSERT INTO orders_order VALUES (11, 1), (12, 5), (13, NULL), (14, 11)
"""


def test_it_fails_and_examples_are_named() -> None:
    [found] = answered(HAZARD, ADD, "12")
    assert (found.effect, found.phase) == (Effect.FAILS, Phase.SPLIT)
    assert found.what == (
        'it fails: "customer_id" of "orders_order" 12 points to no row of "accounts_user"'
    )
    assert found.examples == ("12",)
    assert found.instead == (
        "Delete these rows, or set their column to NULL, in a migration before this one.",
        "Deploy code that writes no more of them first.",
    )
    assert found.code_instead == (
        "-- all of them\n"
        'SELECT "id"::text FROM "public"."orders_order"'
        ' WHERE "public"."orders_order"."customer_id" IS NOT NULL'
        ' AND NOT EXISTS (SELECT FROM "public"."accounts_user" AS p'
        ' WHERE p."id" = "public"."orders_order"."customer_id")'
    )


def test_nothing_is_said_without_an_answer_or_where_there_is_none() -> None:
    assert dangers(HAZARD, ADD) == []
    assert answered(HAZARD, ADD) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (ADD, ["12", "14"]),
        (ADD.replace(' ("id")', ""), ["12", "14"]),
        (ITSELF, ["11", "12"]),
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
        (ADD, Database(major=18, tables={})),
        (ADD.replace("accounts_user", "unknown"), database()),
        (f"{ADD} NOT VALID", database()),
    ],
)
def test_nothing_is_asked(sql: str, where: Database) -> None:
    assert questions(HAZARD, sql, where) == []


def test_a_column_that_was_added_before_is_not_asked_for() -> None:
    earlier = 'ALTER TABLE "orders_order" ADD COLUMN "customer_id" bigint'
    assert questions(HAZARD, ADD, earlier=earlier) == []
