"""A default in the database that code counts on."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    ExistingColumn,
)
from safe_migrate.hazards.default_dropped import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (35,)

DROPPED = 'ALTER TABLE "orders_order" ALTER COLUMN "status" DROP DEFAULT'
STATUS = ExistingColumn(name="status", type="text", not_null=True, has_default=True)
DEFAULT = database(replace(ORDER, columns={"status": STATUS}))
BEFORE = field("status", has_db_default=True)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, DROPPED, DEFAULT)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H210",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 1.0)
    assert found.what == (
        'every INSERT into "orders_order" by code that leaves "status" to the'
        " database fails from then on: the column is NOT NULL, and its default goes"
    )
    assert found.instead == ("Run this when no code is left that counts on the default.",)
    assert found.code_instead == ""


def test_a_field_without_db_default() -> None:
    found = dangers(
        HAZARD, DROPPED, None, operation("AlterField", before=BEFORE, after=field("status"))
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            1.0,
            (
                'every INSERT into "orders_order" by code that leaves "status" to the'
                " database fails from then on: the column is NOT NULL, and its default goes"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED),
        dangers(HAZARD, DROPPED, database(new(ORDER))),
        dangers(HAZARD, DROPPED, DEFAULT, operation("AddField", after=field("status"))),
        dangers(HAZARD, DROPPED, None, operation("AlterField", before=replace(BEFORE, null=True))),
        dangers(
            HAZARD,
            DROPPED,
            DEFAULT,
            earlier="ALTER TABLE orders_order ALTER COLUMN status SET DEFAULT 'x'",
        ),
        dangers(
            HAZARD,
            DROPPED,
            DEFAULT,
            earlier="ALTER TABLE orders_order ADD COLUMN status text DEFAULT 'x'",
        ),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
