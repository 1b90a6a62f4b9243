"""A column that PostgreSQL computes."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.generated_column import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    new,
    operation,
)

CATALOGUE = (21, 22)

ADDED = (
    'ALTER TABLE "orders_order" ADD COLUMN "big" boolean GENERATED ALWAYS AS ("amount" > 9) STORED'
)
ADD = operation(
    "AddField",
    code='migrations.AddField("order", "big", models.GeneratedField(db_persist=True))',
)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, ADDED, None, ADD)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H205",
        Effect.REWRITE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.EXPAND,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 2982.72)
    assert found.what == (
        '"orders_order" (1.2 M rows) is written anew, to compute "big" for each row:'
        " reads and writes wait about 3.0 s"
    )
    assert found.instead == (
        ("With db_persist=False the value is computed when it is read, and nothing is written."),
        "Or add a plain column, keep it up to date by a trigger and fill it in batches.",
    )
    assert (
        found.code_instead
        == 'migrations.AddField("order", "big", models.GeneratedField(db_persist=False))'
    )


def test_virtual_before_18() -> None:
    found = dangers(HAZARD, ADDED.replace("STORED", "VIRTUAL"), database(major=17))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.ANY,
            None,
            (
                'column "big" of "orders_order" is to be VIRTUAL, which PostgreSQL 17 does'
                " not know: SyntaxError"
            ),
        ),
    ]


def test_another_expression() -> None:
    found = dangers(HAZARD, "ALTER TABLE orders_order ALTER COLUMN note SET EXPRESSION AS (number)")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.EXPAND,
            2982.72,
            (
                '"orders_order" (1.2 M rows) is written anew, to compute "note" for each'
                " row: reads and writes wait about 3.0 s"
            ),
        ),
    ]


def test_stored_before_18() -> None:
    found = dangers(HAZARD, ADDED, database(major=17), ADD)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.EXPAND,
            2982.72,
            (
                '"orders_order" (1.2 M rows) is written anew, to compute "big" for each row:'
                " reads and writes wait about 3.0 s"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, ADDED.replace("STORED", "VIRTUAL")),
        dangers(HAZARD, ADDED, database(new(ORDER))),
        dangers(HAZARD, "ALTER TABLE orders_order ADD COLUMN big boolean"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
