"""Rights taken away."""

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.hazards.rights_taken import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new

CATALOGUE = ()
FAILS = 'code that runs under that role fails with "permission denied"'


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "REVOKE UPDATE ON orders_order, accounts_user FROM app")
    assert (found.effect, found.phase) == (Effect.BREAKS_OLD_CODE, Phase.CONTRACT)
    assert found.what == (f'REVOKE takes rights on "orders_order", "accounts_user" away: {FAILS}')
    assert found.instead == (
        "Let the code that needs them be gone first, and see that no other role is met.",
    )


def test_of_something_else_than_tables() -> None:
    [found] = dangers(HAZARD, "REVOKE USAGE ON SCHEMA public FROM app")
    assert found.what == f"REVOKE takes rights away: {FAILS}"


def test_another_owner() -> None:
    [found] = dangers(HAZARD, "ALTER TABLE orders_order OWNER TO boss")
    assert found.what == (
        f'"orders_order" gets another owner, and the old one loses an owner\'s rights: {FAILS}'
    )


def test_rights_given_and_tables_of_this_plan() -> None:
    assert dangers(HAZARD, "GRANT UPDATE ON orders_order TO app") == []
    where = database(new(ORDER))
    assert dangers(HAZARD, "REVOKE UPDATE ON orders_order FROM app", where) == []
    assert dangers(HAZARD, "ALTER TABLE orders_order OWNER TO boss", where) == []
