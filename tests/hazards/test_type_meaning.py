"""A type that the running code does not write or read."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.type_meaning import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    new,
)

CATALOGUE = (27, 28)

ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN '


def test_whole_text() -> None:
    [found] = dangers(HAZARD, ALTER + '"amount" TYPE text USING "amount"::text')
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H211",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        '"amount" of "orders_order" goes from integer to text: the old code compares'
        " and writes the one and the new code the other, so one of them fails"
        " whichever comes first"
    )
    assert found.instead == (
        "Add a second field of the new type and write both; move readers; drop this.",
    )
    assert found.code_instead == ""


def test_a_shorter_varchar() -> None:
    found = dangers(HAZARD, ALTER + '"number" TYPE varchar(10)')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            None,
            (
                'the old code may still write more than 10 characters into "number" of'
                ' "orders_order", which fails'
            ),
        ),
    ]


def test_arrays() -> None:
    found = dangers(HAZARD, ALTER + '"amount" TYPE integer[] USING ARRAY[amount]')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.SPLIT,
            None,
            (
                '"amount" of "orders_order" goes from integer to int[]: the old code'
                " compares and writes the one and the new code the other, so one of them"
                " fails whichever comes first"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, ALTER + '"number" TYPE varchar(40)'),
        dangers(HAZARD, ALTER + '"amount" TYPE bigint USING "amount"::bigint'),
        dangers(HAZARD, ALTER + '"amount" TYPE numeric(12, 2) USING "amount"::numeric(12, 2)'),
        dangers(HAZARD, ALTER + '"placed_at" TYPE timestamp'),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(20) COLLATE "C"'),
        dangers(HAZARD, ALTER + '"amount" TYPE text', database(new(ORDER))),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
