"""Types and collations whose change builds indexes anew."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    ExistingIndex,
)
from safe_migrate.hazards.type_indexes import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (42,)

ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN '
COLLATION = ALTER + '"number" TYPE varchar(20) COLLATE "C"'
INDEXED = database(
    replace(
        ORDER,
        indexes=(
            ExistingIndex(name="number_key", columns=("number",), unique=True),
            ExistingIndex(name="number_like", columns=("number",)),
            ExistingIndex(name="placed", columns=("placed_at",)),
            ExistingIndex(name="open", columns=("placed_at",), partial=True, uses=("status",)),
        ),
    ),
    time_zone="UTC",
)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, COLLATION, INDEXED)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H207",
        Effect.SCAN,
        Lock.ACCESS_EXCLUSIVE,
        Phase.ANY,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 1200.0)
    assert found.what == (
        'indexes "number_key" and "number_like" on "number" of "orders_order" (1.2 M'
        " rows) are built anew: reads and writes wait about 1.2 s"
    )
    assert found.instead == (
        "Name the collation in the queries that need it: Collate() and order_by() do.",
        "Or add a second column, fill it in batches, build its indexes concurrently.",
        (
            "Or drop the index concurrently before, and build it concurrently"
            " afterwards, where queries and constraints can do without it meanwhile."
        ),
    )
    assert found.code_instead == ""


def test_time_zones_in_utc() -> None:
    found = dangers(HAZARD, ALTER + '"placed_at" TYPE timestamp', INDEXED)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.SCAN,
            Phase.ANY,
            1200.0,
            (
                'indexes "placed" and "open" on "placed_at" of "orders_order" (1.2 M rows)'
                " are built anew: reads and writes wait about 1.2 s"
            ),
        ),
    ]


def test_a_predicate() -> None:
    found = dangers(HAZARD, ALTER + '"status" TYPE varchar(30)', INDEXED)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.SCAN,
            Phase.ANY,
            600.0,
            (
                'index "open" on "status" of "orders_order" (1.2 M rows) is built anew:'
                " reads and writes wait about 600 ms"
            ),
        ),
    ]


def test_without_a_catalog() -> None:
    found = dangers(
        HAZARD,
        COLLATION,
        database(tables={}, assumed=True),
        operation("AlterField", before=field("number", max_length=20)),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.SCAN,
            Phase.ANY,
            None,
            (
                'every index on "number" of "orders_order" (size unknown, assumed large) is'
                " built anew: reads and writes wait as long as that takes"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, COLLATION),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(40)', INDEXED),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(10)', INDEXED),
        dangers(HAZARD, COLLATION, database(new(ORDER))),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
