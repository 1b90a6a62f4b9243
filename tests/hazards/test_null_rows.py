"""SM-H124: NULLs in what is to be NOT NULL, asked of the data."""

import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.null_rows import HAZARD
from tests.hazards.real import ask
from tests.hazards.situations import ORDER, answered, dangers, database, new, questions
from tests.servers import Server

CATALOGUE = (31, 32)

SET = 'ALTER TABLE "orders_order" ALTER COLUMN "amount" SET NOT NULL'
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, amount int);
    INSERT INTO orders_order SELECT g, CASE WHEN g % 2 = 0 THEN g END FROM generate_series(1, 9) g
"""


def test_it_fails_and_examples_are_named() -> None:
    [found] = answered(HAZARD, SET, "1", "3", "5")
    assert (found.effect, found.phase) == (Effect.FAILS, Phase.SPLIT)
    assert found.what == 'it fails: "amount" is NULL in "orders_order" 1, 3 and others'
    assert found.examples == ("1", "3", "5")
    assert found.instead == (
        "Fill these rows in a migration before this one.",
        "Deploy code that writes a value first.",
    )
    assert found.code_instead == (
        '-- all of them\nSELECT "id"::text FROM "public"."orders_order" WHERE "amount" IS NULL'
    )


def test_nothing_is_said_without_an_answer_or_where_there_is_none() -> None:
    assert dangers(HAZARD, SET) == []
    assert answered(HAZARD, SET) == []


def test_what_is_asked_is_answered_by_real_rows(server: Server) -> None:
    [question] = questions(HAZARD, SET)
    keys = ask(server, TABLES, question)
    assert len(keys) == 3
    assert {*keys} <= {"1", "3", "5", "7", "9"}


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (SET, database(new(ORDER))),
        (SET, Database(major=18, tables={})),
        (SET.replace("amount", "number"), database()),
        (SET.replace("SET", "DROP"), database()),
        ('ALTER TABLE "orders_order" ADD CONSTRAINT n NOT NULL "amount" NOT VALID', database()),
    ],
)
def test_nothing_is_asked(sql: str, where: Database) -> None:
    assert questions(HAZARD, sql, where) == []


@pytest.mark.parametrize(
    "earlier",
    [
        'UPDATE "orders_order" SET "amount" = 0 WHERE "amount" IS NULL',
        'ALTER TABLE "orders_order" ADD COLUMN "amount" int',
    ],
)
def test_what_the_transaction_fills_or_adds_is_not_asked_for(earlier: str) -> None:
    assert questions(HAZARD, SET, earlier=earlier) == []
    other = earlier.replace("amount", "note")
    assert len(questions(HAZARD, SET, earlier=other)) == 1
