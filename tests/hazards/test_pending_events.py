"""Checks of changed rows that are still to come when their table is changed."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Effect, Phase
from safe_migrate.hazards.pending_events import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.real import read
from tests.hazards.situations import dangers, operation, program, situation
from tests.servers import Server

CATALOGUE = (56,)
TABLES = """
    CREATE TABLE u (id bigint PRIMARY KEY, e text);
    CREATE TABLE o (id bigint PRIMARY KEY, n int,
                    u_id bigint NOT NULL REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO u SELECT g, '' FROM generate_series(1, 9) g;
    INSERT INTO o SELECT g, g, 1 FROM generate_series(1, 9) g;
"""
PENDING = [
    "UPDATE o SET u_id = 2; ALTER TABLE o ADD COLUMN z int",
    "INSERT INTO o (id, u_id) VALUES (99, 1); ALTER TABLE o ADD COLUMN z int",
    "UPDATE u SET id = id + 100 WHERE id > 5; ALTER TABLE u ADD COLUMN z int",
    "DELETE FROM u WHERE id > 5; ALTER TABLE u ADD COLUMN z int",
    "UPDATE o SET u_id = 2; CREATE INDEX i ON o (n)",
    "UPDATE o SET u_id = 2; TRUNCATE o",
    "UPDATE o SET u_id = 2; CLUSTER o USING o_pkey",
    "UPDATE o SET u_id = 2; ALTER TABLE o VALIDATE CONSTRAINT o_u_id_fkey",
    "UPDATE o SET u_id = 2; SET CONSTRAINTS ALL DEFERRED; ALTER TABLE o ALTER n SET DEFAULT 1",
    "UPDATE o SET u_id = 2; DROP TABLE o",
]
HARMLESS = [
    "UPDATE o SET n = n + 1; ALTER TABLE o ADD COLUMN z int",
    "UPDATE u SET e = 'x'; ALTER TABLE u ADD COLUMN z int",
    "DELETE FROM o; ALTER TABLE o ADD COLUMN z int",
    "DELETE FROM o; ALTER TABLE u ADD COLUMN z int",
    "UPDATE o SET u_id = 2; ALTER TABLE u ADD COLUMN z int",
    "UPDATE o SET u_id = 2; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE o ADD COLUMN z int",
    "SET CONSTRAINTS ALL IMMEDIATE; UPDATE o SET u_id = 2; ALTER TABLE o ADD COLUMN z int",
    "UPDATE o SET u_id = 2; ALTER TABLE o RENAME COLUMN n TO m",
    "UPDATE o SET u_id = 2; COMMENT ON TABLE o IS 'x'",
    "UPDATE o SET u_id = 2; CREATE POLICY p ON o",
]


def pending(server: Server, name: str, sql: str) -> bool:
    """Whether the last statement fails because of what the ones before left behind."""
    with server.connect(name) as session:
        session.execute(TABLES.encode())
        try:
            with session.transaction():
                for part in sql.split(";"):
                    session.execute(part.encode())
        except psycopg.errors.ObjectInUse:
            return True
    return False


@pytest.mark.parametrize("sql", [*PENDING, *HARMLESS])
def test_it_is_found_exactly_where_the_server_refuses(
    server: Server, database: str, sql: str
) -> None:
    *earlier, last = sql.split(";")
    assert pending(server, database, sql) is (sql in PENDING)
    with server.connect(database) as session:
        known = read(session)
    pointed_at = replace(known.tables['"public"."u"'], referenced_by=('"public"."o"',))
    known = replace(known, tables={**known.tables, pointed_at.name: pointed_at})
    found = dangers(HAZARD, last, known, earlier=";".join(earlier))
    assert bool(found) is (sql in PENDING)


def test_a_program_may_leave_checks_behind() -> None:
    given = situation('ALTER TABLE "orders_order" ADD COLUMN "z" integer NULL')
    [found] = HAZARD.find(replace(given, earlier=(program().statement,)))
    assert found.what.startswith('A program may have changed rows of "orders_order" earlier')
    alone = situation('ALTER TABLE "catalog_category" ADD COLUMN "z" integer NULL')
    assert list(HAZARD.find(replace(alone, earlier=(program().statement,)))) == []


def test_whole_text() -> None:
    [found] = dangers(
        HAZARD,
        'ALTER TABLE "orders_order" ADD COLUMN "z" integer NULL',
        earlier="UPDATE orders_order SET customer_id = 3",
    )
    assert (found.effect, found.phase, found.held_ms) == (Effect.FAILS, Phase.SPLIT, None)
    assert found.what == (
        'UPDATE changed foreign keys of "orders_order" earlier in this transaction, and its'
        ' foreign keys are checked at the transaction\'s end: ALTER TABLE of "orders_order" then'
        ' fails with "pending trigger events", but only where rows were changed'
    )
    assert found.instead == (
        "Put what changes rows and what changes the table into migrations of their own.",
        "Where they have to stay together, let the checks run in between.",
    )
    assert found.code_instead == (
        'migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop)'
    )
    assert [each.mode for each in statements("SET CONSTRAINTS ALL IMMEDIATE")] == ["immediate"]


def test_outside_of_a_transaction_nothing_waits() -> None:
    alone = operation(atomic=False)
    sql = "ALTER TABLE orders_order ADD COLUMN z int"
    assert dangers(HAZARD, sql, what=alone, earlier="UPDATE orders_order SET customer_id = 3") == []
