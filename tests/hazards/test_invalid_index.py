"""SM-H102: an index that a failed attempt has left behind."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.facts.database import Database, ExistingIndex
from safe_migrate.hazards.invalid_index import HAZARD
from tests.hazards.real import assert_equal_schema, read
from tests.hazards.situations import ORDER, dangers, database, new, operation, situation
from tests.servers import Server

CATALOGUE = (2,)

CREATE = 'CREATE INDEX CONCURRENTLY "number_idx" ON "orders_order" ("number")'
AGAIN = CREATE.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS")
ALONE = operation("AddIndexConcurrently", atomic=False, code="AddIndexConcurrently(...)")


def left_over(*, valid: bool = False) -> Database:
    index = ExistingIndex(name="number_idx", columns=("number",), valid=valid)
    return database(replace(ORDER, indexes=(index,)))


def test_it_fails() -> None:
    [found] = dangers(HAZARD, CREATE, left_over(), ALONE)
    assert found.effect is Effect.FAILS
    assert found.what == (
        'it fails: an invalid index "number_idx" of "orders_order" is there from an earlier'
        " attempt (42P07)"
    )
    assert found.instead == ("Drop what was left over CONCURRENTLY, then build the index again.",)
    assert found.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        "    migrations.SeparateDatabaseAndState(\n"
        "        database_operations=[\n"
        "            migrations.RunSQL(\n"
        "                'DROP INDEX CONCURRENTLY IF EXISTS \"number_idx\"',\n"
        "                reverse_sql=migrations.RunSQL.noop,\n"
        "            ),\n"
        "            migrations.RunSQL(\n"
        f"                '{CREATE}',\n"
        "                reverse_sql='DROP INDEX CONCURRENTLY IF EXISTS \"number_idx\"',\n"
        "            ),\n"
        "        ],\n"
        "        state_operations=[\n"
        "            AddIndexConcurrently(...),\n"
        "        ],\n"
        "    ),\n"
        "]"
    )


def test_if_not_exists_succeeds_and_has_no_index() -> None:
    [found] = dangers(HAZARD, AGAIN, left_over(), ALONE)
    assert found.effect is Effect.PARTLY_DONE
    assert found.what == (
        'an invalid index "number_idx" of "orders_order" is there from an earlier attempt: IF NOT'
        " EXISTS is content with it, so the migration succeeds and no query ever uses the index"
    )


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        (CREATE, left_over(valid=True)),
        (CREATE, database()),
        (CREATE, database(new(ORDER))),
        (CREATE.replace("number_idx", "other"), left_over()),
        ('DROP INDEX "number_idx"', left_over()),
    ],
)
def test_no_danger(sql: str, where: Database) -> None:
    assert dangers(HAZARD, sql, where, ALONE) == []


@pytest.mark.parametrize("sql", [AGAIN, AGAIN.replace("INDEX", "UNIQUE INDEX", 1)])
def test_the_steps_end_with_a_valid_index(server: Server, sql: str) -> None:
    """Left behind by a real failure; the plain form has no index at its end, so it is not equal."""
    with server.database() as name, server.connect(name) as session:
        session.execute("CREATE TABLE orders_order (id bigint PRIMARY KEY, number text)")
        session.execute("INSERT INTO orders_order VALUES (1, 'a'), (2, 'a')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute(CREATE.replace("INDEX", "UNIQUE INDEX", 1).encode())
        session.execute("DELETE FROM orders_order WHERE id = 2")
        steps = HAZARD.rewrite(situation(sql, read(session), ALONE))
        assert len(steps) == 2
        for step in steps:
            assert session.execute(step.postcondition.encode()).fetchone() == (False,)
            session.execute(step.sql.encode())
            assert session.execute(step.postcondition.encode()).fetchone() == (True,)
        assert dangers(HAZARD, sql, read(session), ALONE) == []


def test_on_an_index_of_the_same_name_that_is_valid_nothing_is_dropped(server: Server) -> None:
    tables = "CREATE TABLE orders_order (id bigint PRIMARY KEY, number text)"
    with pytest.raises(AssertionError, match="no danger"):
        assert_equal_schema(HAZARD, server, tables, CREATE, ALONE)
