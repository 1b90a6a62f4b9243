"""A table that goes while code still names it."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.table_dropped import HAZARD
from tests.hazards.situations import (
    ORDER,
    SMALL,
    dangers,
    database,
    new,
    operation,
)

CATALOGUE = (51,)

DROPPED = 'DROP TABLE "orders_order" CASCADE'
DELETE = operation("DeleteModel", code="migrations.DeleteModel(name='Order')")


def test_whole_text() -> None:
    [first, second] = dangers(HAZARD, DROPPED, None, DELETE)
    assert (first.code, first.effect, first.lock, first.phase) == (
        "SM-H306",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (first.table, first.held_ms) == ('"public"."orders_order"', 1.0)
    assert first.what == (
        '"orders_order" goes: every query of the old code that names it fails from then on'
    )
    assert first.instead == (
        "Take the model out of the code and out of the state first, and release that.",
        "Drop the table in the release after, when no code names it.",
    )
    assert first.code_instead == (
        "# this release\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        state_operations=[\n"
        "            migrations.DeleteModel(name='Order'),\n"
        "        ],\n"
        "    ),\n"
        "]\n"
        "# the next release\n"
        "operations = [\n"
        "    migrations.RunSQL('DROP TABLE \"orders_order\"',"
        " reverse_sql=migrations.RunSQL.noop),\n"
        "]"
    )
    assert (second.code, second.effect, second.lock, second.phase) == (
        "SM-H306",
        Effect.LOSES_DATA,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (second.table, second.held_ms) == ('"public"."orders_order"', 1.0)
    assert second.what == (
        'the rows of "orders_order" (1.2 M rows) are lost; taking the migration back'
        " brings an empty table"
    )
    assert second.instead == (
        ("Make sure that nobody needs them. The backup that safe_migrate takes first has them."),
    )
    assert second.code_instead == ""


def test_several_tables() -> None:
    found = dangers(
        HAZARD, "DROP TABLE catalog_category, orders_order", database(replace(SMALL, rows=0))
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            1.0,
            (
                '"catalog_category" goes: every query of the old code that names it fails'
                " from then on"
            ),
        ),
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            1.0,
            ('"orders_order" goes: every query of the old code that names it fails from then on'),
        ),
        (
            Effect.LOSES_DATA,
            Phase.CONTRACT,
            1.0,
            (
                'the rows of "orders_order" (1.2 M rows) are lost; taking the migration back'
                " brings an empty table"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED, database(new(ORDER))),
        dangers(HAZARD, "DROP TABLE IF EXISTS gone"),
        dangers(HAZARD, "DROP INDEX orders_order"),
        dangers(HAZARD, "DROP VIEW v"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
