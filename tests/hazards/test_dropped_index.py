"""SM-H103: an index goes under ACCESS EXCLUSIVE. And a RenameIndex, which is harmless."""

from dataclasses import replace

import pytest

from safe_migrate.facts.danger import Effect, Lock, Phase
from safe_migrate.facts.database import Database, ExistingIndex
from safe_migrate.hazards import hazards
from safe_migrate.hazards.dropped_index import HAZARD
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, database, new, operation
from tests.servers import Server

CATALOGUE = (3, 4, 36)

DROP = 'DROP INDEX IF EXISTS "status_idx";'
INDEXED = replace(ORDER, indexes=(ExistingIndex(name="status_idx", columns=("status",)),))
REMOVE = operation("RemoveIndex")
TABLES = """
    CREATE TABLE orders_order (id bigint PRIMARY KEY, status text);
    CREATE INDEX status_idx ON orders_order (status)
"""


def test_a_queue_forms_behind_it() -> None:
    [found] = dangers(HAZARD, DROP, database(INDEXED), REMOVE)
    assert (found.effect, found.lock, found.table, found.phase) == (
        Effect.QUEUE,
        Lock.ACCESS_EXCLUSIVE,
        ORDER.name,
        Phase.CONTRACT,
    )
    assert found.what == (
        '"status_idx" goes under ACCESS EXCLUSIVE on "orders_order": it is brief, but while it'
        " waits for a long query, reads and writes wait behind it"
    )
    assert found.instead == (
        "Drop it CONCURRENTLY, in a migration of its own with atomic = False.",
    )
    assert found.code_instead == (
        "from django.contrib.postgres.operations import RemoveIndexConcurrently\n"
        "\n"
        "atomic = False\n"
        "operations = [\n"
        '    RemoveIndexConcurrently(model_name="order", name="status_idx"),\n'
        "]"
    )


def test_a_lint_does_not_know_its_table() -> None:
    [found] = dangers(HAZARD, DROP, database(assumed=True), operation("AlterField"))
    assert found.what.startswith('"status_idx" goes under ACCESS EXCLUSIVE on its table: it is')
    assert "'DROP INDEX CONCURRENTLY IF EXISTS status_idx'" in found.code_instead


def test_on_partitions_it_cannot_be_concurrent() -> None:
    [found] = dangers(HAZARD, DROP, database(replace(INDEXED, partitions=2)), REMOVE)
    assert found.instead == ("Let this migration do nothing else.",)
    assert found.code_instead == ""


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (DROP, database()),
        (DROP, database(new(INDEXED))),
        (DROP.replace("INDEX", "INDEX CONCURRENTLY"), database(INDEXED)),
        ('DROP VIEW "status_idx"', database(INDEXED)),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where) == []


def test_the_safe_way_ends_in_the_same_schema(server: Server) -> None:
    [step] = assert_equal_schema(HAZARD, server, TABLES, DROP, REMOVE)
    assert step.concurrent


def test_an_index_that_gets_another_name_holds_up_nobody(server: Server) -> None:
    sql = 'ALTER INDEX "status_idx" RENAME TO "other"'
    where = database(INDEXED)
    given = operation("RenameIndex")
    assert [found for each in hazards() for found in dangers(each, sql, where, given)] == []
    with server.database() as name, server.connect(name) as session:
        session.execute(TABLES.encode())
        with session.transaction():
            session.execute(sql.encode())
            held = session.execute(
                "SELECT relation::regclass::text, mode FROM pg_locks"
                " WHERE pid = pg_backend_pid() AND relation >= 16384"
            ).fetchall()
        assert held == [("other", "ShareUpdateExclusiveLock")]
