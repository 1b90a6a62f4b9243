"""UPDATE, DELETE, MERGE and INSERT … SELECT of any number of rows."""

import ast
from typing import Any

import pytest

from safe_migrate.facts.danger import Effect, Lock
from safe_migrate.facts.database import ExistingIndex
from safe_migrate.hazards.row_changes import HAZARD
from tests.hazards import situations as shop
from tests.hazards.real import assert_equal_schema
from tests.hazards.situations import ORDER, dangers, new, operation, table
from tests.servers import Server

CATALOGUE = (54,)

BULK = [
    "UPDATE orders_order SET status = 'new'",
    "UPDATE orders_order SET status = 'new' WHERE status = 'old'",
    "UPDATE orders_order SET amount = 1 WHERE id > 7",
    "UPDATE orders_order SET amount = 1 WHERE id IN (SELECT id FROM accounts_user)",
    "UPDATE orders_order o SET note = u.email FROM accounts_user u WHERE u.id = o.customer_id",
    "DELETE FROM orders_order WHERE amount IS NULL",
    "INSERT INTO catalog_category (name) SELECT email FROM accounts_user",
    "MERGE INTO orders_order o USING accounts_user u ON o.id = u.id WHEN MATCHED THEN DELETE",
]
BOUNDED = [
    "UPDATE orders_order SET status = 'new' WHERE id = 7",
    "UPDATE orders_order SET amount = 1 WHERE id IN (1, 2, 3) AND status = 'old'",
    "UPDATE orders_order SET amount = 1 WHERE id BETWEEN 1 AND 5000",
    "DELETE FROM orders_order WHERE id IN (SELECT id FROM orders_order LIMIT 1000)",
    "INSERT INTO orders_order (number) VALUES ('A1'), ('A2')",
    "INSERT INTO catalog_category (name) SELECT email FROM accounts_user LIMIT 10",
    "SELECT count(*) FROM orders_order",
]
PASTED = """\
def in_batches(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute('SELECT min("id"), max("id") FROM "orders_order"')
        first, end = cursor.fetchone()
        while first is not None and first <= end:
            cursor.execute(
                'UPDATE orders_order SET status = \\'100%%\\' WHERE status = \\'old\\'\
 AND "id" BETWEEN %(first)s AND %(last)s',
                {"first": first, "last": first + 4999},
            )
            first += 5000


class Migration(migrations.Migration):
    atomic = False
    operations = [migrations.RunPython(in_batches, migrations.RunPython.noop)]"""


@pytest.mark.parametrize("sql", BULK)
def test_any_number_of_rows(sql: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert (found.code, found.effect, found.lock) == (
        "SM-H401",
        Effect.REWRITE,
        Lock.ROW_EXCLUSIVE,
    )


@pytest.mark.parametrize("sql", BOUNDED)
def test_a_few_rows_are_no_danger(sql: str) -> None:
    assert dangers(HAZARD, sql) == []


def test_a_table_of_this_plan_is_empty() -> None:
    assert dangers(HAZARD, BULK[0], shop.database(new(ORDER))) == []


def test_what_alter_field_changes_is_told_there() -> None:
    assert dangers(HAZARD, BULK[1], what=operation("AlterField")) == []


def test_any_unique_column_bounds() -> None:
    unique = ExistingIndex(name="orders_number", columns=("number",), unique=True)
    where = shop.database(
        table("orders_order", {"number": "text"}, indexes=(unique,)),
    )
    sql = "UPDATE orders_order SET amount = 1 WHERE number = 'A1'"
    assert dangers(HAZARD, sql, where) == []
    assert len(dangers(HAZARD, sql)) == 1


def test_the_prediction_grows_with_the_rows() -> None:
    [found] = dangers(HAZARD, BULK[0])
    [small] = dangers(HAZARD, BULK[0].replace("orders_order", "catalog_category"))
    assert (found.held_ms, small.held_ms) == (9360.0, 0.312)


def test_a_lint_does_not_know_how_long() -> None:
    [found] = dangers(HAZARD, BULK[0], shop.database(tables={}, assumed=True))
    assert found.held_ms is None
    assert "(size unknown, assumed large)" in found.what
    assert '"id" BETWEEN' in found.code_instead


def test_whole_text() -> None:
    [found] = dangers(HAZARD, "UPDATE orders_order SET status = '100%' WHERE status = 'old'")
    assert found.what == (
        'UPDATE may change any number of the rows of "orders_order" (1.2 M rows) in one'
        " transaction: whoever changes one of them waits until it ends, about 9.4 s, and"
        " autovacuum cannot clean up behind it"
    )
    assert found.instead == (
        "Change the rows in batches of the primary key, each in a transaction of its own: in a"
        " migration with atomic = False, and nothing else in it.",
        "Let the code that runs write new rows as they are to be before the old ones are changed.",
    )
    assert found.code_instead == PASTED


def test_what_is_to_be_pasted_changes_the_same_rows(server: Server, database: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (id bigint PRIMARY KEY, status text)")
        session.execute(
            "INSERT INTO orders_order SELECT g, CASE WHEN g % 2 = 0 THEN 'old' ELSE 'it' END"
            " FROM generate_series(1, 12000) g"
        )
        [found] = dangers(HAZARD, "UPDATE orders_order SET status = '9%' WHERE status = 'old'")
        function = ast.parse(found.code_instead).body[0]
        space: dict[str, Any] = {}
        exec(ast.unparse(function), space)  # noqa: S102 - our own text
        space["in_batches"](None, type("Editor", (), {"connection": session}))
        counted = session.execute(
            "SELECT status, count(*) FROM orders_order GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert counted == [("9%", 6000), ("it", 6000)]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = '1%' WHERE a IS NULL OR a = '0'",
        "DELETE FROM t",
    ],
)
def test_in_batches_the_schema_is_the_same(server: Server, sql: str) -> None:
    [step] = assert_equal_schema(HAZARD, server, "CREATE TABLE t (id int PRIMARY KEY, a text)", sql)
    assert step.batched


def test_without_a_key_to_go_by_there_are_no_batches() -> None:
    plain = shop.database(table("orders_order", {"id": "uuid"}))
    [found] = dangers(HAZARD, BULK[0], plain)
    assert found.code_instead == ""


@pytest.mark.parametrize(
    ("sql", "indexes", "milliseconds"),
    [
        # Microseconds for a row, measured on PostgreSQL 18 with 200,000 of them.
        ("UPDATE orders_order SET amount = 1", 1, 7.6),
        ("UPDATE orders_order SET amount = 1", 4, 22.3),
        ("UPDATE orders_order SET amount = 1", 8, 44.7),
        ("INSERT INTO orders_order SELECT * FROM orders_order", 1, 3.7),
        ("INSERT INTO orders_order SELECT * FROM orders_order", 4, 9.7),
        ("INSERT INTO orders_order SELECT * FROM orders_order", 8, 15.8),
        ("DELETE FROM orders_order", 4, 0.53),
        ("DELETE FROM orders_order", 8, 1.48),
    ],
)
def test_predictions_are_within_a_factor_of_two(
    sql: str, indexes: int, milliseconds: float
) -> None:
    index = ExistingIndex(name="i", columns=("amount",))
    plain = table("orders_order", rows=1000, indexes=(index,) * indexes)
    [found] = dangers(HAZARD, sql, shop.database(plain))
    assert milliseconds / 2 < (found.held_ms or 0) < milliseconds * 2
