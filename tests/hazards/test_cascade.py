"""What goes without being named."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    Dependent,
    ExistingConstraint,
    ExistingIndex,
)
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.cascade import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    new,
)

CATALOGUE = (49, 51)

DROPPED = 'ALTER TABLE "orders_order" DROP COLUMN "number" CASCADE'
VIEW = Dependent(kind="view", name="public.totals", column="number")
USED = database(
    replace(
        ORDER,
        dependents=(
            VIEW,
            replace(VIEW, kind="function", name="public.last_number()"),
            replace(VIEW, name="public.others", column="note"),
            replace(VIEW, kind="statistics", name="s"),
        ),
        constraints=(
            ExistingConstraint(
                name="one_a_day", kind=ConstraintKind.UNIQUE, columns=("number", "placed_at")
            ),
        ),
        indexes=(
            ExistingIndex(name="one_a_day", columns=("number", "placed_at"), unique=True),
            ExistingIndex(name="number_status", columns=("number", "status")),
            ExistingIndex(name="number_alone", columns=("number",)),
            ExistingIndex(name="open", columns=("status",), partial=True, uses=("number",)),
        ),
    )
)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, DROPPED, USED)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H308",
        Effect.BREAKS_OLD_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        'with "number" of "orders_order" go, without a word: view public.totals,'
        ' function public.last_number(), constraint "one_a_day", index'
        ' "number_status", index "open"; taking the migration back does not bring'
        " them back"
    )
    assert found.instead == (
        "Write what is still needed anew without it, in RunSQL before this operation.",
        "Drop the rest there by name, so that the migration says so.",
    )
    assert found.code_instead == ""


def test_without_cascade() -> None:
    found = dangers(HAZARD, DROPPED.replace(" CASCADE", ""), USED)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            None,
            (
                'with "number" of "orders_order" go, without a word: constraint "one_a_day",'
                ' index "number_status", index "open"; taking the migration back does not'
                " bring them back"
            ),
        ),
    ]


def test_with_a_table() -> None:
    found = dangers(HAZARD, "DROP TABLE orders_order CASCADE", USED)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            None,
            (
                'with "orders_order" go, without a word: function public.last_number(), view'
                " public.others, view public.totals; taking the migration back does not"
                " bring them back"
            ),
        ),
    ]


def test_foreign_keys_of_others() -> None:
    found = dangers(HAZARD, "DROP TABLE accounts_user CASCADE")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            None,
            (
                'with "accounts_user" go, without a word: foreign key'
                ' "orders_order_customer_id_fk_accounts_user_id" of "orders_order"; taking'
                " the migration back does not bring them back"
            ),
        ),
    ]


def test_foreign_keys_to_a_key() -> None:
    found = dangers(HAZARD, "ALTER TABLE accounts_user DROP COLUMN id CASCADE")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_OLD_CODE,
            Phase.CONTRACT,
            None,
            (
                'with "id" of "accounts_user" go, without a word: foreign key'
                ' "orders_order_customer_id_fk_accounts_user_id" of "orders_order"; taking'
                " the migration back does not bring them back"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED),
        dangers(HAZARD, DROPPED.replace("number", "amount"), USED),
        dangers(HAZARD, "DROP TABLE orders_order", USED),
        dangers(HAZARD, DROPPED, database(new(USED.tables['"public"."orders_order"']))),
        dangers(HAZARD, "ALTER TABLE accounts_user DROP COLUMN email CASCADE"),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []
