"""Rows changed, or a program run, after a table was changed in the same transaction."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock
from safe_migrate.hazards.held_lock import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.situations import ORDER, dangers, database, new, operation, program

CATALOGUE = (55,)
ADDED = 'ALTER TABLE "orders_order" ADD COLUMN "paid" boolean NULL'
UPDATE = "UPDATE orders_order SET amount = 1"


def after(earlier: str, **more: object) -> list[Danger]:
    """What is said of Python code that runs then."""
    given = program(operation("RunPython", **more))
    return list(HAZARD.find(replace(given, earlier=statements(earlier))))


def test_whole_text() -> None:
    [found] = dangers(HAZARD, UPDATE, earlier=ADDED)
    assert (found.effect, found.lock, found.held_ms) == (
        Effect.SCAN,
        Lock.ACCESS_EXCLUSIVE,
        9360.0,
    )
    assert found.what == (
        '"orders_order" stays locked (ACCESS EXCLUSIVE) by what this migration did before, while'
        ' UPDATE goes through "orders_order" (1.2 M rows), about 9.4 s: reads and writes wait all'
        " that time"
    )
    assert found.instead == (
        "Put what changes rows into a migration of its own, after the one that changes the table:"
        " each then holds only its own locks.",
    )
    assert found.code_instead == (
        'dependencies = [("orders", "0007_change")]\n'
        "atomic = False\n"
        "operations = [\n"
        "    migrations.RunSQL(...),\n"
        "]"
    )


def test_python_code_takes_nobody_knows_how_long() -> None:
    [found] = after(ADDED)
    assert found.held_ms is None
    assert "while Python code runs for as long as it takes" in found.what


def test_several_tables() -> None:
    [found] = after(f"{ADDED}; CREATE INDEX ON accounts_user (email)")
    assert found.what.startswith('"orders_order" and "accounts_user" stay locked')
    assert found.lock is Lock.ACCESS_EXCLUSIVE


@pytest.mark.parametrize(
    "earlier",
    [
        "",
        "UPDATE accounts_user SET email = '' WHERE id = 1",
        "CREATE INDEX CONCURRENTLY i ON orders_order (amount)",
        "ALTER TABLE orders_order VALIDATE CONSTRAINT c",
        "CREATE TABLE other (id int)",
        "COMMENT ON TABLE orders_order IS 'x'",
    ],
)
def test_nobody_waits_for_what_ran_before(earlier: str) -> None:
    assert dangers(HAZARD, UPDATE, earlier=earlier) == []
    assert after(earlier) == []


def test_each_for_itself() -> None:
    assert dangers(HAZARD, UPDATE, what=operation(atomic=False), earlier=ADDED) == []


def test_a_few_rows_take_no_time() -> None:
    assert dangers(HAZARD, f"{UPDATE} WHERE id = 1", earlier=ADDED) == []


def test_nobody_waits_for_a_table_of_this_plan() -> None:
    assert dangers(HAZARD, UPDATE, database(new(ORDER)), earlier=ADDED) == []


def test_small_tables_take_little() -> None:
    sql = "UPDATE catalog_category SET name = ''"
    [found] = dangers(HAZARD, sql, earlier=ADDED)
    assert found.held_ms == 0.312
    given = replace(program(operation("RunPython")), earlier=statements(ADDED))
    [asked] = HAZARD.ask(given)
    [danger] = HAZARD.find(replace(given, answers=((asked, ("40",)),)))
    assert danger.held_ms == 0.888
    assert list(HAZARD.ask(replace(given, earlier=()))) == []
