"""What the new code needs, and the old code does not mind."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.expand_first import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (11, 13, 22, 26, 33, 35)

ADDED = 'ALTER TABLE "orders_order" ADD COLUMN "paid" boolean NULL'
ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN '


def test_whole_text() -> None:
    [found] = dangers(HAZARD, ADDED)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H201",
        Effect.BREAKS_NEW_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.EXPAND,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 1.0)
    assert found.what == (
        'the new code reads column "paid" of "orders_order", which is not there before this'
    )
    assert found.instead == ("Run this migration before the new code starts.",)
    assert found.code_instead == ""


def test_db_default() -> None:
    found = dangers(
        HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "at" timestamptz DEFAULT (now()) NOT NULL',
        None,
        operation("AddField", after=field("at", has_db_default=True)),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.EXPAND,
            1.0,
            ('the new code reads column "at" of "orders_order", which is not there before this'),
        ),
    ]


def test_virtual_generated_column() -> None:
    found = dangers(
        HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "big" bool GENERATED ALWAYS AS (id > 9) VIRTUAL',
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.EXPAND,
            1.0,
            ('the new code reads column "big" of "orders_order", which is not there before this'),
        ),
    ]


def test_null_from_now_on() -> None:
    found = dangers(HAZARD, ALTER + '"status" DROP NOT NULL')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.EXPAND,
            1.0,
            (
                'column "status" of "orders_order" takes NULL only after this; the old code'
                " has to bear the NULLs that the new code writes while both run"
            ),
        ),
    ]


def test_a_longer_varchar() -> None:
    found = dangers(HAZARD, ALTER + '"number" TYPE varchar(40)')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.EXPAND,
            1.0,
            ('column "number" of "orders_order" takes all values of varchar(40) only after this'),
        ),
    ]


def test_a_default_in_the_database() -> None:
    found = dangers(
        HAZARD,
        ALTER + '"amount" SET DEFAULT 0',
        None,
        operation("AlterField", after=field("amount", has_db_default=True)),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.EXPAND,
            1.0,
            (
                'column "amount" of "orders_order" has its default only after this, and the'
                " new code may count on it"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, ADDED, database(new(ORDER))),
        dangers(
            HAZARD,
            ADDED.replace("boolean NULL", "boolean DEFAULT false NOT NULL"),
            None,
            operation("AddField", after=field("paid")),
        ),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(20)'),
        dangers(HAZARD, ALTER + '"amount" TYPE int4'),
        dangers(
            HAZARD,
            ALTER + '"amount" SET DEFAULT 0',
            None,
            operation("AlterField", after=field("amount")),
        ),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(10)'),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
