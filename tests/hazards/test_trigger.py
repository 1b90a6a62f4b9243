"""Triggers on tables that others write to."""

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.hazards.trigger import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new

CATALOGUE = (61,)
MADE = (
    "CREATE TRIGGER stamp BEFORE UPDATE ON orders_order FOR EACH ROW EXECUTE FUNCTION public.now_()"
)
DROPPED = "DROP TRIGGER stamp ON orders_order"


def test_whole_text() -> None:
    [found] = dangers(HAZARD, MADE)
    assert (found.effect, found.lock, found.phase) == (
        Effect.QUEUE,
        Lock.SHARE_ROW_EXCLUSIVE,
        Phase.EXPAND,
    )
    assert found.what == (
        'The trigger stamp on "orders_order" needs SHARE ROW EXCLUSIVE for a moment, and writes'
        ' queue behind it; from then on every writer of "orders_order" runs "now_"(), the old code'
        " as well"
    )
    assert found.instead == (
        "Let its function bear what old and new code write; an error in it fails their statements.",
    )


def test_dropped_it_is_missed() -> None:
    [found] = dangers(HAZARD, DROPPED)
    assert (found.effect, found.phase) == (Effect.BREAKS_OLD_CODE, Phase.CONTRACT)
    assert found.what == (
        'The trigger "orders_order"."stamp" of "orders_order" is dropped: what it did for every'
        " write is not done any more, also for code that counts on it"
    )


def test_nobody_writes_to_a_table_of_this_plan() -> None:
    assert dangers(HAZARD, f"{MADE}; {DROPPED}", database(new(ORDER))) == []


def test_other_things_dropped() -> None:
    assert dangers(HAZARD, "DROP VIEW orders_order; DROP POLICY p ON orders_order") == []
