"""Transactions ended by hand."""

import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.transaction_control import HAZARD
from tests.hazards.situations import dangers, operation

CATALOGUE = ()


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "BEGIN; UPDATE orders_order SET amount = 1; COMMIT")
    assert found.effect is Effect.PARTLY_DONE
    assert found.what == (
        "COMMIT ends the transaction of orders.0007_change: what ran before stays, what runs after"
        " is no longer undone when it fails"
    )
    assert found.instead == (
        "Leave BEGIN, COMMIT and ROLLBACK out: an atomic migration is one transaction.",
        "What has to be committed for itself goes into a migration of its own.",
    )


def test_rolled_back() -> None:
    [found] = dangers(HAZARD, "ROLLBACK")
    assert "what ran before is gone, though Django records it as done, what" in found.what


@pytest.mark.parametrize("sql", ["SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "RELEASE a", "SELECT 1"])
def test_savepoints_end_nothing(sql: str) -> None:
    assert dangers(HAZARD, sql) == []


def test_outside_of_one_there_is_none_to_end() -> None:
    assert dangers(HAZARD, "BEGIN; COMMIT", what=operation(atomic=False)) == []
