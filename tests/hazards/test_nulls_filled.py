"""SM-H112: what AlterField does to the NULLs on its way to NOT NULL."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.facts.database import Database
from safe_migrate.hazards.nulls_filled import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (32,)

DEFAULT = 'ALTER TABLE "orders_order" ALTER COLUMN "note" SET DEFAULT \'%\';'
UPDATE = (
    'UPDATE "orders_order" SET "note" = \'%\' WHERE "note" IS NULL; SET CONSTRAINTS ALL IMMEDIATE'
)
ALTER = operation("AlterField")
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, note text);
    INSERT INTO orders_order SELECT g FROM generate_series(1, 9) g
"""


def test_all_nulls_are_filled_while_everybody_waits() -> None:
    [found] = dangers(HAZARD, UPDATE, None, ALTER, earlier=DEFAULT)
    assert (found.effect, found.lock, found.phase) == (
        Effect.REWRITE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert found.what == (
        'every NULL in "note" of "orders_order" (1.2 M rows) is filled by one UPDATE under ACCESS'
        " EXCLUSIVE: reads and writes wait, about 9.4 s if all of them are NULL"
    )
    assert found.held_ms == pytest.approx(9360)
    assert found.instead == (
        "Fill the rows in batches in a migration before this one; the UPDATE then finds none.",
    )
    assert found.code_instead == (
        "def in_batches(apps, schema_editor):\n"
        "    with schema_editor.connection.cursor() as cursor:\n"
        '        cursor.execute(\'SELECT min("id"), max("id") FROM "orders_order"\')\n'
        "        first, end = cursor.fetchone()\n"
        "        while first is not None and first <= end:\n"
        "            cursor.execute(\n"
        "                'UPDATE orders_order SET note = \\'%%\\' WHERE note IS NULL AND \"id\""
        " BETWEEN %(first)s AND %(last)s',\n"
        '                {"first": first, "last": first + 4999},\n'
        "            )\n"
        "            first += 5000\n"
        "\n"
        "\n"
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        "    operations = [migrations.RunPython(in_batches, migrations.RunPython.noop)]"
    )


def test_without_a_lock_of_before_it_is_the_rows_that_are_locked() -> None:
    [found] = dangers(HAZARD, UPDATE, None, ALTER)
    assert found.lock is Lock.ROW_EXCLUSIVE
    assert "under ROW EXCLUSIVE: writes to them wait, about 9.4 s" in found.what


def test_a_key_that_is_no_number_has_no_ranges() -> None:
    text = replace(ORDER.columns["id"], type="uuid")
    where = database(replace(ORDER, columns={**ORDER.columns, "id": text}))
    [found] = dangers(HAZARD, UPDATE, where, ALTER)
    assert found.code_instead == ""
    assert HAZARD.rewrite(situation(UPDATE.partition(";")[0], where, ALTER)) == ()


@pytest.mark.parametrize(
    ("sql", "where", "kind"),
    [
        (UPDATE, database(new(ORDER)), "AlterField"),
        (UPDATE, Database(major=18, tables={}), "AlterField"),
        (UPDATE, database(), "RunSQL"),
        (DEFAULT, database(), "AlterField"),
    ],
)
def test_no_danger(sql: str, where: Database, kind: str) -> None:
    assert dangers(HAZARD, sql, where, operation(kind)) == []


def test_the_safe_way_ends_in_the_same_schema_and_fills_all(server: Server) -> None:
    [step] = assert_equal_schema(
        HAZARD, server, TABLES, UPDATE.partition(";")[0], ALTER, again=operation()
    )
    assert step.batched
