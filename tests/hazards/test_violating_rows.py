"""SM-H122: rows for which a check does not hold, asked of the data."""

import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.violating_rows import HAZARD
from tests.hazards.real import ask
from tests.hazards.situations import ORDER, answered, dangers, database, new, questions
from tests.servers import Server

CATALOGUE = (6,)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "low" CHECK ("amount" <= 100 OR "status" = \'x\')'
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, amount int, status text);
    INSERT INTO orders_order VALUES (1, 5, 'a'), (2, 101, 'a'), (3, 102, 'x'), (4, NULL, 'a')
"""


def test_it_fails_and_examples_are_named() -> None:
    [found] = answered(HAZARD, ADD, "17", "23", "99")
    assert (found.effect, found.phase) == (Effect.FAILS, Phase.SPLIT)
    assert found.what == (
        "it fails: the check \"low\" (amount <= 100 OR status = 'x') does not hold for"
        ' "orders_order" 17, 23 and others'
    )
    assert found.examples == ("17", "23", "99")
    assert found.instead == (
        "Change these rows in a migration before this one, or the check.",
        "Deploy code that writes no more of them first.",
    )
    assert found.code_instead == (
        '-- all of them\nSELECT "id"::text FROM "public"."orders_order"'
        " WHERE NOT (amount <= 100 OR status = 'x')"
    )


def test_nothing_is_said_without_an_answer_or_where_there_is_none() -> None:
    assert dangers(HAZARD, ADD) == []
    assert answered(HAZARD, ADD) == []


def test_what_is_asked_is_answered_by_real_rows(server: Server) -> None:
    """A check that comes out NULL holds."""
    [question] = questions(HAZARD, ADD)
    assert ask(server, TABLES, question) == ["2"]


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        (ADD, Database(major=18, tables={}, assumed=True)),
        (f"{ADD} NOT VALID", database()),
        ('ALTER TABLE "orders_order" DROP CONSTRAINT "low"', database()),
    ],
)
def test_nothing_is_asked(sql: str, where: Database) -> None:
    assert questions(HAZARD, sql, where) == []


def test_a_column_that_was_added_before_cannot_be_asked_for() -> None:
    earlier = 'ALTER TABLE "orders_order" ADD COLUMN "amount" int'
    assert questions(HAZARD, ADD, earlier=earlier) == []
