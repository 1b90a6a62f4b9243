"""SM-H105: an exclusion constraint on a table with rows."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.exclusion_constraint import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new, situation

CATALOGUE = (9,)

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "no_overlap" EXCLUDE USING GIST ("span" WITH &&)'


def test_everybody_waits_for_long() -> None:
    [found] = dangers(HAZARD, ADD)
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is compared with others for "no_overlap" under'
        " ACCESS EXCLUSIVE: reads and writes wait about 60.0 s"
    )
    assert found.held_ms == pytest.approx(60_000)
    assert found.instead == (
        "There is no way without the lock: PostgreSQL can neither add an exclusion constraint NOT"
        " VALID nor make one of an index.",
        "Make a new table with the constraint, let the code write to both, copy the rows in"
        " batches, and rename; or choose a quiet hour.",
    )
    assert found.code_instead == ""
    assert HAZARD.rewrite(situation(ADD)) == ()


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        (ADD.partition("EXCLUDE")[0] + 'UNIQUE ("number")', database()),
        ('ALTER TABLE "orders_order" DROP CONSTRAINT "no_overlap"', database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []
