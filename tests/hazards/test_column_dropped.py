"""A column that goes while code still names it."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.column_dropped import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (49,)

DROPPED = 'ALTER TABLE "orders_order" DROP COLUMN "note" CASCADE'
REMOVE = operation(
    "RemoveField",
    before=field("note", "TextField"),
    code="migrations.RemoveField(model_name='order', name='note')",
)


def test_whole_text() -> None:
    [first, second] = dangers(HAZARD, DROPPED, None, REMOVE)
    assert (first.code, first.effect, first.lock, first.phase) == (
        "SM-H304",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (first.table, first.held_ms) == ('"public"."orders_order"', 1.0)
    assert first.what == (
        'column "note" of "orders_order" goes: every query of the old code that'
        " names it fails from then on, and Django names all columns"
    )
    assert first.instead == (
        "Take the field out of the models and out of the state first, and release that.",
        "Drop the column in the release after, when no code names it.",
    )
    assert first.code_instead == (
        "# this release\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ALTER COLUMN "note" DROP NOT'
        " NULL',\n"
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.RemoveField(model_name='order', name='note'),\n"
        "        ],\n"
        "    ),\n"
        "]\n"
        "# the next release\n"
        "operations = [\n"
        "    migrations.RunSQL(\n"
        '        \'ALTER TABLE "orders_order" DROP COLUMN "note"\',\n'
        "        reverse_sql=migrations.RunSQL.noop,\n"
        "    ),\n"
        "]"
    )
    assert (second.code, second.effect, second.lock, second.phase) == (
        "SM-H304",
        Effect.LOSES_DATA,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (second.table, second.held_ms) == ('"public"."orders_order"', 1.0)
    assert second.what == (
        'the values of "note" of "orders_order" (1.2 M rows) are lost; taking the'
        " migration back brings an empty column"
    )
    assert second.instead == (
        ("Make sure that nobody needs them. The backup that safe_migrate takes first has them."),
    )
    assert second.code_instead == ""


def test_an_empty_table() -> None:
    found = dangers(HAZARD, DROPPED, database(replace(ORDER, rows=0)))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            1.0,
            (
                'column "note" of "orders_order" goes: every query of the old code that'
                " names it fails from then on, and Django names all columns"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED, database(new(ORDER))),
        dangers(HAZARD, DROPPED, earlier='ALTER TABLE "orders_order" ADD COLUMN "note" text'),
        dangers(HAZARD, "ALTER TABLE orders_order DROP CONSTRAINT x"),
        dangers(HAZARD, "ALTER TABLE gone DROP COLUMN x"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


def test_the_state_first_and_null_for_the_new_code() -> None:
    [found, _] = dangers(HAZARD, DROPPED, None, replace(REMOVE, before=field("note", null=True)))
    assert "DROP NOT NULL" not in found.code_instead
    [found, _] = dangers(HAZARD, DROPPED, None, REMOVE)
    assert "DROP NOT NULL" in found.code_instead
