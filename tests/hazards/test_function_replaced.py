"""Functions that triggers of tables in use call."""

from dataclasses import replace

from safe_migrate.facts.danger import Effect
from safe_migrate.facts.database import Dependent
from safe_migrate.hazards.function_replaced import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new

CATALOGUE = ()
STAMP = Dependent(kind="trigger", name="stamp", calls='"public"."touch"')
STAMPED = replace(ORDER, dependents=(STAMP,))
BODY = "() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"
SQL = f"CREATE OR REPLACE FUNCTION touch{BODY}"


def test_whole_text() -> None:
    [found] = dangers(HAZARD, SQL, database(STAMPED))
    assert (found.effect, found.table) == (Effect.BREAKS_OLD_CODE, '"public"."orders_order"')
    assert found.what == (
        '"touch"() is what the trigger stamp runs: from the commit on every write to'
        ' "orders_order" runs the new body, that of the old code as well'
    )
    assert found.instead == (
        "Let the new body bear what the old code writes.",
        "Else make a function with another name and a trigger that calls it, and drop the old ones"
        " when the old code is gone.",
    )


def test_with_its_schema_it_is_the_same() -> None:
    sql = f"CREATE OR REPLACE FUNCTION public.touch{BODY}"
    assert len(dangers(HAZARD, sql, database(STAMPED))) == 1


def test_functions_that_nobody_runs_yet() -> None:
    assert dangers(HAZARD, SQL) == []
    assert dangers(HAZARD, f"CREATE FUNCTION touch{BODY}", database(STAMPED)) == []
    other = f"CREATE OR REPLACE FUNCTION other.touch{BODY}"
    assert dangers(HAZARD, other, database(STAMPED)) == []
    assert dangers(HAZARD, SQL, database(new(STAMPED))) == []
