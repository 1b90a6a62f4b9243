"""Row security and policies."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.facts.database import Dependent
from safe_migrate.hazards.row_security import HAZARD
from tests.hazards.situations import ORDER, dangers, new
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()
SECURED = replace(ORDER, row_security=True, dependents=(Dependent(kind="policy", name="p"),))
ALTER = "ALTER TABLE orders_order"


@pytest.mark.parametrize(
    ("sql", "what", "instead"),
    [
        (
            f"{ALTER} FORCE ROW LEVEL SECURITY",
            'Row security of "orders_order" is forced on its owner as well: code that runs as the'
            " owner sees only what the policies let it",
            "Try it with the application's role on a copy first.",
        ),
        (
            f"{ALTER} DISABLE ROW LEVEL SECURITY",
            'Row security of "orders_order" is taken away: rows that its policies hid are shown',
            "Drop or widen the policies one by one instead.",
        ),
        (
            "CREATE POLICY own ON orders_order AS RESTRICTIVE USING (id > 5)",
            'The policy own on "orders_order" is restrictive: rows that roles see now they will'
            " not see any more",
            "Create it when the code that runs expects that.",
        ),
        (
            "DROP POLICY p ON orders_order",
            'A policy of "orders_order" is dropped: rows that it let roles see they will not see'
            " any more",
            "Create the policy that replaces it first, in the same transaction.",
        ),
    ],
)
def test_whole_texts(sql: str, what: str, instead: str) -> None:
    [found] = dangers(HAZARD, sql, shop(SECURED))
    assert (found.effect, found.what, found.instead) == (
        Effect.BREAKS_OLD_CODE,
        what,
        (instead,),
    )
    assert dangers(HAZARD, sql, shop(new(SECURED))) == []


def test_without_a_policy_nobody_sees_anything(server: Server, database: str) -> None:
    sql = f"{ALTER} ENABLE ROW LEVEL SECURITY"
    [found] = dangers(HAZARD, sql)
    assert found.what == (
        'Row security on "orders_order" without a policy: every role but its owner sees no row and'
        " can write none"
    )
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order AS SELECT 1 AS id")
        session.execute("GRANT SELECT ON orders_order TO pg_monitor")
        session.execute(sql.encode())
        session.execute("SET ROLE pg_monitor")
        assert session.execute("SELECT count(*) FROM orders_order").fetchall() == [(0,)]


def test_harmless() -> None:
    first = "CREATE POLICY p ON orders_order USING (true)"
    assert dangers(HAZARD, f"{ALTER} ENABLE ROW LEVEL SECURITY", earlier=first) == []
    assert dangers(HAZARD, f"{ALTER} ENABLE ROW LEVEL SECURITY", shop(SECURED)) == []
    assert dangers(HAZARD, f"{ALTER} DISABLE ROW LEVEL SECURITY") == []
    assert dangers(HAZARD, "CREATE POLICY p ON orders_order USING (true)", shop(SECURED)) == []
    assert dangers(HAZARD, "DROP POLICY p ON orders_order") == []
