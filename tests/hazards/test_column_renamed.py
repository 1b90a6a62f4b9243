"""A column with another name."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.hazards.column_renamed import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (44, 47)

RENAMED = 'ALTER TABLE "orders_order" RENAME COLUMN "note" TO "remark"'
SOURCE = "models.TextField(blank=True)"
RENAME = operation(
    "RenameField",
    before=field("note", "TextField", source=SOURCE),
    after=field("remark", "TextField", source=SOURCE),
)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, RENAMED, None, RENAME)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H301",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 1.0)
    assert found.what == (
        'column "note" of "orders_order" becomes "remark": every query of the old'
        " code that names it fails from then on, and every one of the new code until"
        " then"
    )
    assert found.instead == (
        (
            'Keep the column: give the field db_column="note" and rename the field'
            " alone, which runs no SQL."
        ),
        (
            'Where the column itself has to change, add "remark", write both, fill it in'
            " batches, read from it, and drop the old one in a later release."
        ),
    )
    assert found.code_instead == (
        "migrations.AlterField(\n"
        '    model_name="order",\n'
        '    name="note",\n'
        '    field=models.TextField(blank=True, db_column="note"),\n'
        "),\n"
        "migrations.RenameField(\n"
        '    model_name="order",\n'
        '    old_name="note",\n'
        '    new_name="remark",\n'
        ")"
    )


def test_in_a_join_table() -> None:
    found = dangers(
        HAZARD,
        RENAMED,
        None,
        operation("AlterField", before=field("notes", column="", relation="many to many")),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.SPLIT,
            1.0,
            (
                'column "note" of "orders_order" becomes "remark": every query of the old'
                " code that names it fails from then on, and every one of the new code until"
                " then"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, RENAMED, database(new(ORDER)), RENAME),
        dangers(HAZARD, "ALTER INDEX i RENAME TO j"),
        dangers(HAZARD, "ALTER TABLE orders_order RENAME CONSTRAINT a TO b"),
        dangers(HAZARD, "ALTER TABLE gone RENAME COLUMN a TO b"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
