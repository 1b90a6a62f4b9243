"""SM-H109: a new table locks the ones that it points to."""

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import Database
from safe_migrate.hazards.referenced_by_new_table import HAZARD
from tests.hazards.situations import USER, dangers, database, new, operation, table
from tests.servers import Server

CATALOGUE = (24, 25)

CREATE = (
    'CREATE TABLE "orders_line" ("id" bigint NOT NULL PRIMARY KEY, "order_id" bigint NOT NULL);'
)
ADD = (
    'ALTER TABLE "orders_line" ADD CONSTRAINT "line_order_fk" FOREIGN KEY ("order_id")'
    ' REFERENCES "orders_order" ("id") DEFERRABLE INITIALLY DEFERRED'
)
LINE = table("orders_line")


def test_writes_to_the_old_table_wait() -> None:
    [found] = dangers(HAZARD, CREATE + ADD, database(new(LINE)), operation("CreateModel"))
    assert (found.effect, found.lock, found.table) == (
        Effect.QUEUE,
        Lock.SHARE_ROW_EXCLUSIVE,
        '"public"."orders_order"',
    )
    assert found.what == (
        'the foreign key from the new table "orders_line" puts triggers on "orders_order" under'
        " SHARE ROW EXCLUSIVE, and the migration keeps the lock to its end: writes there wait"
        " meanwhile, and behind it while it waits"
    )
    assert found.instead == (
        "Create the table in one migration with db_constraint=False, and add the foreign key in"
        " the next, which then does nothing else.",
        "Let one migration add foreign keys to one table in use only.",
    )
    assert found.code_instead == ""


def test_a_key_beside_a_column_of_create_table_is_seen_too() -> None:
    sql = (
        'CREATE TABLE "j" ("a" bigint REFERENCES "orders_order" ("id"), "b" bigint,'
        ' FOREIGN KEY ("b") REFERENCES "accounts_user" ("id"),'
        ' FOREIGN KEY ("b") REFERENCES "accounts_user" ("id"))'
    )
    assert [found.table for found in dangers(HAZARD, sql)] == [
        '"public"."accounts_user"',
        '"public"."orders_order"',
    ]


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (CREATE, database()),
        (ADD, database(LINE)),
        (ADD.replace("orders_order", "accounts_user"), database(new(LINE), new(USER))),
        (ADD.replace("orders_order", "unknown"), database(new(LINE))),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_the_lock_is_the_one_that_postgresql_takes(server: Server, database: str) -> None:
    with server.connect(database) as session, session.transaction():
        session.execute(b"CREATE TABLE orders_order (id bigint PRIMARY KEY)")
        session.execute(CREATE.encode())
    with server.connect(database) as session, session.transaction():
        session.execute(ADD.encode())
        held = session.execute(
            "SELECT mode FROM pg_locks WHERE relation = 'orders_order'::regclass"
            " AND mode <> 'AccessShareLock'"
        ).fetchall()
    assert {mode for (mode,) in held} == {"RowShareLock", "ShareRowExclusiveLock"}
