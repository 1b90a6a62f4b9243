"""Types whose change writes the table anew."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.type_rewrite import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (27, 28, 29, 30)

ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN '
BIGINT = ALTER + '"amount" TYPE bigint USING "amount"::bigint'
CHANGE = operation(
    "AlterField",
    before=field("amount", "IntegerField", source="models.IntegerField()"),
    after=field("amount", "BigIntegerField", source="models.BigIntegerField()"),
)
ASSUMED = database(tables={}, assumed=True)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, BIGINT, None, CHANGE)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H206",
        Effect.REWRITE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.EXPAND,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 2982.72)
    assert found.what == (
        '"orders_order" (1.2 M rows) and its indexes are written anew, because'
        ' "amount" goes from integer to bigint: reads and writes wait about 3.0 s'
    )
    assert found.instead == (
        (
            'Add a second column of the new type beside "amount"; let a trigger, or the'
            " code, write both."
        ),
        "Fill it in batches, build its indexes concurrently.",
        "Read from it; when no code uses the old column, drop that.",
    )
    assert found.code_instead == (
        "migrations.AddField(\n"
        '    model_name="order",\n'
        '    name="amount_new",\n'
        "    field=models.BigIntegerField(null=True),\n"
        ")"
    )


def test_a_shorter_varchar() -> None:
    found = dangers(HAZARD, ALTER + '"number" TYPE varchar(10)')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.ANY,
            2982.72,
            (
                '"orders_order" (1.2 M rows) and its indexes are written anew, because'
                ' "number" goes from character varying(20) to varchar(10): reads and writes'
                " wait about 3.0 s"
            ),
        ),
    ]


def test_a_primary_key_and_what_points_to_it() -> None:
    found = dangers(HAZARD, "ALTER TABLE accounts_user ALTER COLUMN id TYPE integer")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.ANY,
            865.68,
            (
                '"accounts_user" (300 k rows) and its indexes are written anew, because "id"'
                " goes from bigint to int: reads and writes wait about 866 ms"
            ),
        ),
    ]


def test_a_foreign_key() -> None:
    found = dangers(HAZARD, ALTER + '"customer_id" TYPE integer')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.ANY,
            3102.72,
            (
                '"orders_order" (1.2 M rows) and its indexes are written anew, because'
                ' "customer_id" goes from bigint to int: reads and writes wait about 3.1 s'
            ),
        ),
    ]


def test_an_expression_of_its_own() -> None:
    found = dangers(HAZARD, ALTER + '"note" TYPE text USING upper(note)')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.ANY,
            2982.72,
            (
                '"orders_order" (1.2 M rows) and its indexes are written anew, because'
                ' "note" goes from text to text: reads and writes wait about 3.0 s'
            ),
        ),
    ]


def test_time_zones_unless_in_utc() -> None:
    found = dangers(HAZARD, ALTER + '"placed_at" TYPE timestamp')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.EXPAND,
            2982.72,
            (
                '"orders_order" (1.2 M rows) and its indexes are written anew, because'
                ' "placed_at" goes from timestamp with time zone to timestamp: reads and'
                " writes wait about 3.0 s"
            ),
        ),
    ]


def test_without_a_catalog() -> None:
    found = dangers(HAZARD, BIGINT, ASSUMED, CHANGE)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.REWRITE,
            Phase.EXPAND,
            None,
            (
                '"orders_order" (size unknown, assumed large) and its indexes are written'
                ' anew, because "amount" goes from integer to bigint: reads and writes wait'
                " as long as that takes"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, BIGINT, database(new(ORDER)), CHANGE),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(40)'),
        dangers(HAZARD, ALTER + '"number" TYPE text USING "number"::text'),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(20)'),
        dangers(HAZARD, ALTER + '"note" TYPE varchar USING "note"::varchar'),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(20) COLLATE "C"'),
        dangers(HAZARD, ALTER + '"amount" TYPE uuid USING "amount"::uuid'),
        dangers(HAZARD, ALTER + '"placed_at" TYPE timestamp', database(time_zone="UTC")),
        dangers(
            HAZARD,
            ALTER + '"number" TYPE varchar(40)',
            ASSUMED,
            operation("AlterField", before=field("number", max_length=20)),
        ),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
