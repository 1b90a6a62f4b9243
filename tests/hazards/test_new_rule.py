"""SM-H125: a rule that the old code does not know."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Phase, Question
from safe_migrate.facts.database import Database
from safe_migrate.hazards.new_rule import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new

CATALOGUE = (5, 6, 7, 8, 9, 37, 39)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "c" '
UNIQUE = ADD + 'UNIQUE ("customer_id", "number")'
CHECK = ADD + 'CHECK ("amount" >= 0)'
KEY = ADD + 'FOREIGN KEY ("customer_id") REFERENCES "accounts_user" ("id")'
INDEX = 'CREATE UNIQUE INDEX "o" ON "orders_order" ("number") WHERE "status" = \'open\''


@pytest.mark.parametrize(
    ("sql", "who"),
    [
        (UNIQUE, 'write rows of "orders_order" that are alike in "customer_id", "number"'),
        (CHECK, 'write rows of "orders_order" for which amount >= 0 is false'),
        (f"{CHECK} NOT VALID", 'write rows of "orders_order" for which amount >= 0 is false'),
        (KEY, 'write "customer_id" of "orders_order" that "accounts_user" does not have'),
        (
            ADD + 'EXCLUDE USING GIST ("span" WITH &&)',
            'write rows of "orders_order" that "c" excludes',
        ),
        (
            INDEX,
            'write rows of "orders_order" that are alike in "number" where status = \'open\'',
        ),
    ],
)
def test_what_breaks_it_fails(sql: str, who: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert (found.effect, found.phase) == (Effect.BREAKS_OLD_CODE, Phase.CONTRACT)
    assert found.what == f"the old code may {who}: that fails from then on"
    assert found.instead == (
        "Deploy code that keeps the rule first, then run this migration: not before the old code"
        " is gone.",
    )
    assert found.code_instead == ""
    assert found.held_ms is None


def test_many_rows_that_keep_it_tell_that_the_code_does() -> None:
    asked = Question(code="SM-H121", table=ORDER.name, sql="SELECT 1")
    assert dangers(HAZARD, UNIQUE, answers=((asked, ()),)) == []
    assert len(dangers(HAZARD, UNIQUE, answers=((asked, ("7, A",)),))) == 1
    few = database(replace(ORDER, rows=999))
    assert len(dangers(HAZARD, UNIQUE, few, answers=((asked, ()),))) == 1
    other = replace(asked, code="SM-H124")
    assert len(dangers(HAZARD, UNIQUE, answers=((other, ()),))) == 1


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (UNIQUE, database(new(ORDER))),
        (UNIQUE, Database(major=18, tables={})),
        (INDEX.replace("UNIQUE ", ""), database()),
        (ADD + 'UNIQUE USING INDEX "c"', database()),
        ('ALTER TABLE "orders_order" VALIDATE CONSTRAINT "c"', database()),
        ('ALTER TABLE "orders_order" ADD COLUMN "n" int CHECK ("n" > 0) UNIQUE', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


@pytest.mark.parametrize(
    ("sql", "column"),
    [(UNIQUE, "number"), (CHECK, "amount"), (KEY, "customer_id"), (INDEX, "number")],
)
def test_the_old_code_does_not_write_what_was_not_there(sql: str, column: str) -> None:
    earlier = f'ALTER TABLE "orders_order" ADD COLUMN "{column}" text'
    assert dangers(HAZARD, sql, earlier=earlier) == []
