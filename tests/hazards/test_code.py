"""The code that findings offer is carried out as it stands: there, and back again."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import migrations

from safe_migrate.hazards import (
    blocking_index,
    checked_column,
    foreign_key,
    not_null,
    nulls_filled,
    unique_constraint,
)
from safe_migrate.hazards.base import Hazard
from safe_migrate.plan.parse import statements
from safe_migrate.postgres.schema import objects
from tests.hazards.real import read
from tests.hazards.situations import dangers, operation
from tests.servers import Server

TABLES = """
    CREATE TABLE accounts_user (id bigint PRIMARY KEY);
    CREATE TABLE orders_order (id bigint PRIMARY KEY, number varchar(20), status varchar(12));
    INSERT INTO orders_order SELECT g, 'n' || g, 'open' FROM generate_series(1, 9) g
"""
AS_IT_IS = "migrations.RunSQL(migrations.RunSQL.noop)"

OPERATIONS = {
    "AddField unique": (
        unique_constraint.HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "extra" varchar(20) NULL UNIQUE;'
        ' CREATE INDEX "extra_like" ON "orders_order" ("extra" varchar_pattern_ops);',
    ),
    "AddField OneToOne": (
        foreign_key.HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "peer_id" bigint NULL UNIQUE CONSTRAINT "peer_fk"'
        ' REFERENCES "accounts_user"("id") DEFERRABLE INITIALLY DEFERRED;'
        ' SET CONSTRAINTS "peer_fk" IMMEDIATE;',
    ),
    "AddField FK": (
        foreign_key.HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "buyer_id" bigint NULL CONSTRAINT "buyer_fk"'
        ' REFERENCES "accounts_user"("id") DEFERRABLE INITIALLY DEFERRED;'
        ' SET CONSTRAINTS "buyer_fk" IMMEDIATE;'
        ' CREATE INDEX "buyer_idx" ON "orders_order" ("buyer_id");',
    ),
    "AddField positive": (
        checked_column.HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "points" integer NULL CHECK ("points" >= 0);',
    ),
    "AddConstraint unique": (
        unique_constraint.HAZARD,
        'ALTER TABLE "orders_order" ADD CONSTRAINT "u" UNIQUE ("number", "status");',
    ),
    "AddConstraint unique where": (
        blocking_index.HAZARD,
        'CREATE UNIQUE INDEX "o" ON "orders_order" ("number") WHERE "status" = \'a%b\';',
    ),
    "AlterField not null": (
        not_null.HAZARD,
        'ALTER TABLE "orders_order" ALTER COLUMN "number" SET NOT NULL;',
    ),
}


def carried_out(code: str) -> dict[str, Any]:
    """What the code defines."""
    names: dict[str, Any] = {"migrations": migrations}
    exec(code, names)  # noqa: S102 - it is our own, and this is what it is for
    return names


def written(code: str) -> list[tuple[str, str]]:
    """The SQL of the RunSQLs in a code, there and back; "" where nothing is to be taken back."""
    names = carried_out(code)
    assert names["atomic"] is False
    [separated] = names["operations"]
    found = [(each.sql, each.reverse_sql) for each in separated.database_operations]
    assert len(separated.state_operations) == 1
    return found


@pytest.mark.parametrize("major", [15, None])
@pytest.mark.parametrize(("hazard", "sql"), OPERATIONS.values(), ids=OPERATIONS)
def test_the_code_ends_in_the_schema_of_the_operation_and_can_be_taken_back(
    server: Server, hazard: Hazard, sql: str, major: int | None
) -> None:
    """The code for an old version does so on every later one."""
    given = operation("AddField", code=AS_IT_IS, statements=statements(sql))
    with server.database() as name, server.connect(name) as session:
        session.execute(TABLES.encode())
        before = objects(session)
        known = read(session)
        known = replace(known, major=major or known.major)
        found = [each for each in dangers(hazard, sql, known, given) if each.code_instead]
        session.execute(sql.encode())
        expected = objects(session)
    with server.database() as name, server.connect(name) as session:
        session.execute(TABLES.encode())
        runs = written(found[0].code_instead)
        for forwards, _ in runs:
            session.execute(forwards.encode())
        assert objects(session) == expected
        for _, backwards in reversed(runs):
            session.execute(backwards.encode())
        assert objects(session) == before


def test_the_code_for_batches_fills_every_row(server: Server, database: str) -> None:
    sql = 'UPDATE "orders_order" SET "number" = \'n%\' WHERE "number" IS NULL'
    with server.connect(database) as session:
        session.execute(TABLES.encode())
        session.execute("INSERT INTO orders_order (id) SELECT generate_series(-7000, 0, 3)")
        [found] = dangers(nulls_filled.HAZARD, sql, read(session), operation("AlterField"))
        names = carried_out(found.code_instead)
        names["in_batches"](None, Editor(session))
        counted = session.execute(
            "SELECT count(*) FILTER (WHERE number IS NULL), count(*) FILTER (WHERE number = 'n%')"
            " FROM orders_order"
        )
        assert counted.fetchone() == (0, 2334)
        session.execute("TRUNCATE orders_order")
        names["in_batches"](None, Editor(session))


class Editor:
    """A schema editor, as far as RunPython's code uses one here."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
