"""What cannot be told beforehand."""

import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.unknown_effect import HAZARD
from tests.hazards.situations import dangers, operation, program

CATALOGUE = ()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DO $$ BEGIN END $$", '"DO $$ BEGIN END $$" is a program of its own'),
        ("CALL archive(1)", '"CALL archive(1)" is a program of its own'),
        (
            "ALTER SYSTEM SET work_mem = '64MB'",
            "\"ALTER SYSTEM SET work_mem = '64MB'\" is no statement that is known here",
        ),
        (
            "IMPORT FOREIGN SCHEMA other FROM SERVER elsewhere INTO here",
            '"IMPORT FOREIGN SCHEMA other FROM SERVER …" is no statement that is known here',
        ),
        ("no SQL", '"no SQL" is no statement that is known here'),
        ("SELECT archive(1)", "SELECT calls archive(), which may do anything"),
        (
            "ALTER TABLE orders_order OF kind",
            'ALTER TABLE "orders_order" has a part that is not known here',
        ),
    ],
)
def test_what_nobody_knows(sql: str, reason: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert found.effect is Effect.UNKNOWN
    assert found.what == f"{reason}: what it locks, changes or breaks cannot be told beforehand"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT setval('orders_order_id_seq', 9)",
        "SELECT count(*) FROM orders_order",
        "ALTER TABLE orders_order ADD COLUMN z int",
        "SET LOCAL lock_timeout = '1s'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_what_is_known(sql: str) -> None:
    assert dangers(HAZARD, sql) == []


def test_an_operation_that_shows_nothing() -> None:
    custom = operation("Archive", opaque="its SQL cannot be known beforehand")
    [found] = HAZARD.find(program(custom))
    assert found.what == (
        "Archive of orders.0007_change shows no SQL (its SQL cannot be known beforehand): what it"
        " locks, changes or breaks cannot be told beforehand"
    )
    assert found.instead == (
        "Say the same with Django's operations or with plain SQL statements, one for each thing"
        " that it does.",
        "Else read it, try it on a copy of the database, and acknowledge this code in the"
        " migration.",
    )
    assert found.code_instead == 'safe_migrate_acknowledge = {"SM-H407": "…"}'


def test_python_code_and_what_cannot_be_reversed_have_codes_of_their_own() -> None:
    assert list(HAZARD.find(program())) == []
    back = operation("RunSQL", backwards=True, reversible=False, opaque="cannot be reversed")
    assert list(HAZARD.find(program(back))) == []
