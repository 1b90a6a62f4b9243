"""SM-H111: NOT NULL is checked while everybody waits, and the old code may still write NULL."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.facts.database import Database, ExistingColumn, ExistingConstraint
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.not_null import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (31, 32)

SET = 'ALTER TABLE "orders_order" ALTER COLUMN "amount" SET NOT NULL;'
TABLES = """
    CREATE TABLE orders_order (
        id bigint PRIMARY KEY, amount int, taken int CONSTRAINT orders_order_amount_not_null
        CHECK (true), free int CONSTRAINT orders_order_amount_check CHECK (true)
    );
    INSERT INTO orders_order SELECT g, g FROM generate_series(1, 9) g
"""


def proved(definition: str, *, validated: bool = True) -> Database:
    check = ExistingConstraint(
        name="c",
        kind=ConstraintKind.CHECK,
        columns=("amount",),
        definition=definition,
        validated=validated,
    )
    return database(replace(ORDER, constraints=(*ORDER.constraints, check)))


def test_every_row_is_read_and_old_code_fails() -> None:
    given = operation("AlterField", code="migrations.AlterField(...)")
    scan, breaks = dangers(HAZARD, SET, None, given)
    assert (scan.effect, scan.lock, scan.phase) == (
        Effect.SCAN,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert scan.what == (
        'every row of "orders_order" (1.2 M rows) is read to see that "amount" is not NULL, under'
        " ACCESS EXCLUSIVE: reads and writes wait about 72 ms"
    )
    assert scan.held_ms == pytest.approx(72)
    assert scan.instead == (
        "Add a check (column IS NOT NULL) NOT VALID and validate it while others read and write:"
        " SET NOT NULL then reads no row.",
    )
    assert scan.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" ADD CONSTRAINT'
        ' "orders_order_amount_not_null" NOT NULL "amount" NOT VALID\',\n'
        '                reverse_sql=\'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "orders_order_amount_not_null"\',\n'
        "            ),\n"
        "            migrations.RunSQL(\n"
        '                \'ALTER TABLE "orders_order" VALIDATE CONSTRAINT'
        ' "orders_order_amount_not_null"\',\n'
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            migrations.AlterField(...),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )
    assert (breaks.effect, breaks.phase) == (Effect.BREAKS_OLD_CODE, Phase.CONTRACT)
    assert breaks.what == (
        'the old code may write NULL into "amount" of "orders_order": that fails from then on'
    )
    assert breaks.instead == ("Deploy code that always writes a value first.",)


@pytest.mark.parametrize(
    "definition", ["CHECK ((amount IS NOT NULL))", 'CHECK (("amount" IS NOT NULL))']
)
def test_a_validated_check_proves_it(definition: str) -> None:
    [breaks] = dangers(HAZARD, SET, proved(definition))
    assert breaks.effect is Effect.BREAKS_OLD_CODE
    assert len(dangers(HAZARD, SET, proved(definition, validated=False))) == 2


def test_a_column_of_this_transaction_is_known_to_no_old_code() -> None:
    earlier = 'ALTER TABLE "orders_order" ADD COLUMN "amount" int'
    [scan] = dangers(HAZARD, SET, earlier=earlier)
    assert scan.effect is Effect.SCAN


def test_not_valid_counts_as_not_null_in_the_catalog_and_is_not() -> None:
    column = ExistingColumn(name="amount", type="integer", not_null=True)
    table = replace(ORDER, columns={**ORDER.columns, "amount": column})
    assert dangers(HAZARD, SET, database(table)) == []
    waiting = ExistingConstraint(
        name="n", kind=ConstraintKind.NOT_NULL, columns=("amount",), validated=False
    )
    table = replace(table, constraints=(*table.constraints, waiting))
    assert len(dangers(HAZARD, SET, database(table))) == 2


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (SET, database(new(ORDER))),
        (SET, Database(major=18, tables={})),
        (SET.replace("SET", "DROP"), database()),
        (SET.replace("amount", "number"), database()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_where_more_is_done_at_once_there_is_no_safe_way() -> None:
    sql = 'ALTER TABLE "orders_order" ALTER "amount" TYPE bigint, ALTER "amount" SET NOT NULL'
    assert len(dangers(HAZARD, sql)) == 2
    assert HAZARD.rewrite(situation(sql)) == ()


@pytest.mark.parametrize(("major", "count"), [(15, 4), (17, 4), (18, 2)])
def test_the_safe_way_ends_in_the_same_schema(server: Server, major: int, count: int) -> None:
    """The way for 15 to 17 works on 18 as well, so it is tried wherever this runs."""
    if major > server.major:
        pytest.skip("this server knows no NOT NULL … NOT VALID")
    steps = assert_equal_schema(HAZARD, server, TABLES, SET, operation("AlterField"), major=major)
    assert len(steps) == count
