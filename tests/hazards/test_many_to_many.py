"""Many-to-many fields that Django does not alter."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Operation, Phase, Situation
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.many_to_many import HAZARD
from tests.hazards.situations import (
    database,
    field,
    operation,
)

CATALOGUE = (48,)

CODE = Statement(sql="", kind=Kind.CODE)
THROUGH = field("tags", "ManyToManyField", column="", relation="many to many")
ALTER = operation("AlterField", before=THROUGH, after=THROUGH, code="migrations.AlterField(…)")
REFUSED = replace(
    ALTER,
    opaque="its SQL cannot be known beforehand (ValueError: Cannot alter field orders.Order.tags"
    " into orders.Order.tags - they are not compatible types (you cannot alter to or from M2M"
    " fields, or add or remove through= on M2M fields))",
)


def found_in(what: Operation, statement: Statement = CODE) -> list[Danger]:
    return list(HAZARD.find(Situation(statement=statement, operation=what, database=database())))


def test_whole_text() -> None:
    [found] = found_in(REFUSED)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H303",
        Effect.FAILS,
        Lock.NONE,
        Phase.ANY,
    )
    assert (found.table, found.held_ms) == ('"orders_order"', None)
    assert found.what == (
        'field "tags" of order cannot be altered to or from a many-to-many field,'
        " nor get or lose its through model: Django raises ValueError"
    )
    assert found.instead == (
        (
            "Give the through model the db_table that the field's own join table has,"
            " and change the state alone."
        ),
        "For another kind of field: add a new one, copy the rows, remove the old one.",
    )
    assert found.code_instead == (
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        state_operations=[\n"
        '            migrations.CreateModel("…", fields=[…], options={"db_table":'
        ' "…"}),\n'
        "            migrations.AlterField(…),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_another_kind_of_field() -> None:
    found = found_in(replace(ALTER, after=field("tags", "TextField")))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.ANY,
            None,
            (
                'field "tags" of order cannot be altered to or from a many-to-many field,'
                " nor get or lose its through model: Django raises ValueError"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        found_in(ALTER),
        found_in(operation("RunPython", opaque="runs Python code")),
        found_in(REFUSED, Statement(sql="SELECT 1", kind=Kind.SELECT)),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
