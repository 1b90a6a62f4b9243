"""A harmless change of type that checks a CHECK again."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    ExistingConstraint,
)
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.type_rechecked import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    new,
)
from tests.servers import Server

CATALOGUE = (26, 43)

SAME = 'ALTER TABLE "orders_order" ALTER COLUMN "amount" TYPE integer'
CHECKED = replace(
    ORDER,
    constraints=(
        ExistingConstraint(
            name="orders_order_amount_check",
            kind=ConstraintKind.CHECK,
            columns=("amount",),
            definition="CHECK ((amount >= 0))",
        ),
    ),
)


def test_whole_text() -> None:
    [found] = dangers(HAZARD, SAME, database(CHECKED))
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H208",
        Effect.SCAN,
        Lock.ACCESS_EXCLUSIVE,
        Phase.ANY,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', 72.0)
    assert found.what == (
        'every row of "orders_order" (1.2 M rows) is read, to check'
        ' "orders_order_amount_check" again for "amount": reads and writes wait'
        " about 72 ms"
    )
    assert found.instead == (
        (
            "Put the constraint back as NOT VALID in the same statement, which holds for"
            " new rows at once."
        ),
        "Validate it afterwards: reads and writes go on meanwhile.",
    )
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.RunSQL(\n"
        '        \'ALTER TABLE "orders_order" DROP CONSTRAINT'
        ' "orders_order_amount_check", ALTER COLUMN "amount" TYPE int, ADD'
        ' CONSTRAINT "orders_order_amount_check" CHECK ((amount >= 0)) NOT VALID\',\n'
        '        reverse_sql=\'ALTER TABLE "orders_order" ALTER COLUMN "amount" TYPE'
        " integer',\n"
        "    ),\n"
        "    migrations.RunSQL(\n"
        '        \'ALTER TABLE "orders_order" VALIDATE CONSTRAINT'
        ' "orders_order_amount_check"\',\n'
        "        reverse_sql=migrations.RunSQL.noop,\n"
        "    ),\n"
        "]"
    )


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, SAME),
        dangers(HAZARD, SAME, database(new(CHECKED))),
        dangers(HAZARD, SAME.replace("integer", "bigint"), database(CHECKED)),
        dangers(HAZARD, SAME.replace('"amount" TYPE integer', "note TYPE text"), database(CHECKED)),
        dangers(HAZARD, SAME + ", DROP CONSTRAINT orders_order_amount_check", database(CHECKED)),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


SHOP = """
    CREATE TABLE orders_order (
        id bigint PRIMARY KEY, number varchar(20),
        amount integer CONSTRAINT amount_check CHECK (amount >= 0),
        CONSTRAINT "odd ""name" CHECK (number <> '' AND amount < 1000)
    );
    INSERT INTO orders_order SELECT n, n, n FROM generate_series(1, 50) AS n;
"""


@pytest.mark.parametrize(
    "sql",
    [
        SAME,
        'ALTER TABLE "orders_order" ALTER COLUMN "number" TYPE varchar(40)',
        'ALTER TABLE "orders_order" ALTER COLUMN "number" TYPE text USING "number"::text',
    ],
)
def test_the_safe_way(server: Server, sql: str) -> None:
    # The wider type is told of as it is of the statement itself.
    assert assert_equal_schema(HAZARD, server, SHOP, sql, allowed=("SM-H201",))
