"""Migrations without a transaction and with several operations."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.partly_done import HAZARD
from tests.hazards.situations import dangers, operation, program

CATALOGUE = (57,)
KINDS = ("AddField", "AddIndexConcurrently")
SECOND = operation("AddIndexConcurrently", atomic=False, number=1, kinds=KINDS)
SQL = 'CREATE INDEX CONCURRENTLY "i" ON "orders_order" ("amount")'


def test_whole_text() -> None:
    [found] = dangers(HAZARD, SQL, what=SECOND)
    assert (found.effect, found.table) == (Effect.PARTLY_DONE, "")
    assert found.what == (
        "orders.0007_change has atomic = False and 2 operations (AddField, AddIndexConcurrently):"
        " where one fails the ones before it stay done, the migration is not recorded, and running"
        " it again begins with what is there already"
    )
    assert found.instead == (
        "One operation for each migration with atomic = False; what can run in a transaction goes"
        " into migrations that are atomic.",
    )
    assert found.code_instead == (
        "# 0007_change.py\n"
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        "    operations = [migrations.AddField(...)]\n"
        "\n"
        "\n"
        "# 0007_change_2.py\n"
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        "    operations = [AddIndexConcurrently(...)]"
    )


def test_it_is_the_same_for_every_statement_so_that_it_is_told_once() -> None:
    assert len(set(dangers(HAZARD, f"{SQL}; SELECT 1", what=SECOND))) == 1


@pytest.mark.parametrize(
    "what",
    [
        operation("AddIndexConcurrently", atomic=False),
        operation("AddField", number=1, kinds=KINDS),
        operation("AddField", atomic=False, kinds=KINDS),
        operation("AddField", atomic=False, number=2, kinds=(*KINDS, "AddField")),
    ],
    ids=["one operation", "a transaction", "the first", "told with the second"],
)
def test_nothing_stays_half_done(what: object) -> None:
    assert dangers(HAZARD, SQL, what=what) == []


def test_an_operation_on_the_state_alone_does_nothing_to_be_undone() -> None:
    nothing = Statement(sql="", kind=Kind.NOTHING)
    given = program(SECOND)
    assert len(list(HAZARD.find(given))) == 1
    assert list(HAZARD.find(replace(given, statement=nothing))) == []
    third = replace(SECOND, kinds=(*KINDS, "RunSQL"))
    assert len(list(HAZARD.find(replace(given, statement=nothing, operation=third)))) == 1
