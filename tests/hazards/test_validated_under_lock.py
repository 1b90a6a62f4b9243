"""SM-H114: VALIDATE CONSTRAINT beside what has locked the table."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.validated_under_lock import HAZARD
from tests.hazards.situations import ORDER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE: tuple[int, ...] = ()
"""None: found beyond the catalogue."""

ADD = 'ALTER TABLE "orders_order" ADD CONSTRAINT "low" CHECK ("amount" < 9) NOT VALID'
KEY = (
    'ALTER TABLE "orders_order" ADD CONSTRAINT "low" FOREIGN KEY ("customer_id")'
    ' REFERENCES "accounts_user" ("id") NOT VALID'
)
VALIDATE = 'ALTER TABLE "orders_order" VALIDATE CONSTRAINT "low"'


def test_the_lock_of_before_is_still_held() -> None:
    [found] = dangers(HAZARD, VALIDATE, None, operation("ValidateConstraint"), earlier=ADD)
    assert (found.effect, found.lock) == (Effect.SCAN, Lock.ACCESS_EXCLUSIVE)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is checked for "low" while the transaction still'
        " holds ACCESS EXCLUSIVE from before: reads and writes wait about 72 ms"
    )
    assert found.held_ms == pytest.approx(72)
    assert found.instead == ("Validate it in a migration of its own, after the one that adds it.",)
    assert found.code_instead == (
        "from django.contrib.postgres.operations import ValidateConstraint\n"
        "\n"
        "operations = [\n"
        '    ValidateConstraint(model_name="order", name="low"),\n'
        "]"
    )


def test_a_foreign_key_holds_up_writes_and_costs_more() -> None:
    [found] = dangers(HAZARD, VALIDATE, earlier=KEY)
    assert found.lock is Lock.SHARE_ROW_EXCLUSIVE
    assert found.held_ms == pytest.approx(1560)


@pytest.mark.parametrize(
    ("earlier", "where"),
    [
        (ADD, database(new(ORDER))),
        (ADD, Database(major=18, tables={})),
        ("", database()),
        (ADD.replace("orders_order", "catalog_category"), database()),
        ('ALTER TABLE "orders_order" VALIDATE CONSTRAINT "other"', database()),
    ],
)
def test_no_danger(earlier: str, where: Database) -> None:
    assert dangers(HAZARD, VALIDATE, where, earlier=earlier) == []


def test_postgresql_keeps_the_stronger_lock(server: Server, database: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (amount int)")
        with session.transaction():
            session.execute(ADD.encode())
            session.execute(VALIDATE.encode())
            held = session.execute(
                "SELECT mode FROM pg_locks WHERE relation = 'orders_order'::regclass"
                " AND pid = pg_backend_pid()"
            ).fetchall()
    assert ("AccessExclusiveLock",) in held
