"""One value for every row where each was to have its own."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.same_default import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (14, 15)

ADDED = 'ALTER TABLE "orders_order" ADD COLUMN "token" uuid DEFAULT \'5f0c\'::uuid NOT NULL'
FIELD = field(
    "token",
    "UUIDField",
    has_default=True,
    callable_default=True,
    source="models.UUIDField(default=uuid.uuid4)",
)
ADD = operation("AddField", after=FIELD)
UNIQUE = replace(FIELD, unique=True, source="models.UUIDField(default=uuid.uuid4, unique=True)")


def test_whole_text() -> None:
    [found] = dangers(HAZARD, ADDED, None, ADD)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H203",
        Effect.WRONG_DATA,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        'column "token" of "orders_order" (1.2 M rows) gets one value for every row:'
        " Django calls the default once"
    )
    assert found.instead == (
        ("Add it with null=True and without a default; the new code writes it for new rows."),
        "Give each row its own value in the next migration, in batches.",
        "Give it back its default, its uniqueness and NOT NULL in a third.",
    )
    assert found.code_instead == (
        "# this migration\n"
        "migrations.AddField(\n"
        '    model_name="order",\n'
        '    name="token",\n'
        "    field=models.UUIDField(null=True),\n"
        ")\n"
        "# a migration after every row has its value\n"
        "migrations.AlterField(\n"
        '    model_name="order",\n'
        '    name="token",\n'
        "    field=models.UUIDField(default=uuid.uuid4),\n"
        ")"
    )


def test_unique() -> None:
    found = dangers(HAZARD, ADDED + " UNIQUE", None, operation("AddField", after=UNIQUE))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.SPLIT,
            None,
            (
                'column "token" of "orders_order" (1.2 M rows) is unique, and every row gets'
                " the same value: UniqueViolation"
            ),
        ),
    ]


def test_unique_and_the_same_for_all() -> None:
    found = dangers(
        HAZARD,
        "ALTER TABLE orders_order ADD COLUMN token integer DEFAULT 7 NOT NULL UNIQUE",
        None,
        operation("AddField", after=replace(UNIQUE, callable_default=False)),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.SPLIT,
            None,
            (
                'column "token" of "orders_order" (1.2 M rows) is unique, and every row gets'
                " the same value: UniqueViolation"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, ADDED, database(new(ORDER)), ADD),
        dangers(HAZARD, ADDED.replace("uuid", "timestamptz"), None, ADD),
        dangers(HAZARD, ADDED.replace("uuid", "jsonb"), None, ADD),
        dangers(
            HAZARD, ADDED, None, operation("AddField", after=replace(FIELD, callable_default=False))
        ),
        dangers(HAZARD, "ALTER TABLE orders_order ADD COLUMN token uuid NULL", None, ADD),
        dangers(
            HAZARD,
            ADDED + " UNIQUE",
            database(replace(ORDER, rows=1)),
            operation("AddField", after=UNIQUE),
        ),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
