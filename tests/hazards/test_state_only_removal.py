"""A required column that its model no longer knows."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Operation, Phase, Situation
from safe_migrate.facts.database import (
    Database,
    ExistingColumn,
)
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.state_only_removal import HAZARD
from tests.hazards.situations import (
    ORDER,
    database,
    field,
    new,
    operation,
)

CATALOGUE = (52,)

NOTHING = Statement(sql="", kind=Kind.NOTHING)
REMOVE = operation(
    "RemoveField",
    before=field("status"),
    state_only=True,
    code="migrations.RemoveField(model_name='order', name='status')",
)


def found_in(what: Operation, where: Database | None = None) -> list[Danger]:
    given = Situation(statement=NOTHING, operation=what, database=where or database())
    return list(HAZARD.find(given))


def test_whole_text() -> None:
    [found] = found_in(REMOVE)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H309",
        Effect.BREAKS_NEW_CODE,
        Lock.NONE,
        Phase.SPLIT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        'column "status" of "orders_order" stays, NOT NULL and without a default,'
        " while the new code does not know it any more: each of its INSERTs fails"
    )
    assert found.instead == (
        "Drop NOT NULL in the same operation: old and new code then both insert.",
    )
    assert found.code_instead == (
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ALTER COLUMN "status" DROP NOT'
        " NULL',\n"
        '                reverse_sql=\'ALTER TABLE "orders_order" ALTER COLUMN'
        ' "status" SET NOT NULL\',\n'
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.RemoveField(model_name='order', name='status'),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_without_a_catalog() -> None:
    found = found_in(REMOVE, database(tables={}, assumed=True))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.SPLIT,
            None,
            (
                'column "status" of "orders_order" stays, NOT NULL and without a default,'
                " while the new code does not know it any more: each of its INSERTs fails"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        found_in(replace(REMOVE, before=field("note"))),
        found_in(replace(REMOVE, state_only=False)),
        found_in(REMOVE, database(new(ORDER))),
        found_in(operation("AlterField", before=field("status"), after=field("status"))),
        found_in(
            REMOVE,
            database(
                replace(
                    ORDER,
                    columns={
                        "status": ExistingColumn(
                            name="status", type="text", not_null=True, has_default=True
                        )
                    },
                )
            ),
        ),
        found_in(replace(REMOVE, before=field("tags", column="", relation="many to many"))),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
