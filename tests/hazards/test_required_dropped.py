"""A required column that goes."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    ExistingColumn,
)
from safe_migrate.hazards.required_dropped import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    field,
    new,
    operation,
)
from tests.servers import Server

CATALOGUE = (50,)

DROPPED = 'ALTER TABLE "orders_order" DROP COLUMN "status" CASCADE'
REMOVE = operation(
    "RemoveField",
    before=field("status", source="models.CharField(max_length=12)"),
    code="migrations.RemoveField(model_name='order', name='status')",
)


def test_whole_text() -> None:
    [first, second] = dangers(HAZARD, DROPPED, None, REMOVE)
    assert (first.code, first.effect, first.lock, first.phase) == (
        "SM-H305",
        Effect.BREAKS_NEW_CODE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert (first.table, first.held_ms) == ('"public"."orders_order"', None)
    assert first.what == (
        'column "status" of "orders_order" is NOT NULL without a default: until it'
        " goes, every INSERT of the new code, which does not name it, fails"
    )
    assert first.instead == (
        (
            "Let it be NULL in a migration before, or give it a default in the database:"
            " old and new code then both insert."
        ),
        "Drop it in the release after.",
    )
    assert first.code_instead == (
        "migrations.AlterField(\n"
        '    model_name="order",\n'
        '    name="status",\n'
        "    field=models.CharField(max_length=12, null=True),\n"
        ")"
    )
    assert (second.code, second.effect, second.lock, second.phase) == (
        "SM-H305",
        Effect.IRREVERSIBLE,
        Lock.ACCESS_EXCLUSIVE,
        Phase.SPLIT,
    )
    assert (second.table, second.held_ms) == ('"public"."orders_order"', None)
    assert second.what == (
        'column "status" of "orders_order" (1.2 M rows) cannot be brought back: it'
        " is NOT NULL, and the rows would have no value for it"
    )
    assert second.instead == (
        (
            "Let it be NULL in a migration before, or give it a default in the database:"
            " old and new code then both insert."
        ),
        "Drop it in the release after.",
    )
    assert second.code_instead == first.code_instead


def test_with_a_default_in_python_it_comes_back() -> None:
    found = dangers(
        HAZARD, DROPPED, None, replace(REMOVE, before=field("status", has_default=True))
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.SPLIT,
            None,
            (
                'column "status" of "orders_order" is NOT NULL without a default: until it'
                " goes, every INSERT of the new code, which does not name it, fails"
            ),
        ),
    ]


def test_without_a_catalog() -> None:
    found = dangers(HAZARD, DROPPED, database(tables={}, assumed=True), REMOVE)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.BREAKS_NEW_CODE,
            Phase.SPLIT,
            None,
            (
                'column "status" of "orders_order" is NOT NULL without a default: until it'
                " goes, every INSERT of the new code, which does not name it, fails"
            ),
        ),
        (
            Effect.IRREVERSIBLE,
            Phase.SPLIT,
            None,
            (
                'column "status" of "orders_order" (size unknown, assumed large) cannot be'
                " brought back: it is NOT NULL, and the rows would have no value for it"
            ),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, DROPPED.replace("status", "note")),
        dangers(HAZARD, DROPPED, database(new(ORDER))),
        dangers(
            HAZARD,
            DROPPED,
            database(
                replace(
                    ORDER,
                    columns={
                        "status": ExistingColumn(
                            name="status", type="text", not_null=True, has_default=True
                        )
                    },
                )
            ),
        ),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


def test_the_way_back_fails_with_rows(server: Server, database: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (id bigint, status varchar(12) NOT NULL)")
        session.execute("INSERT INTO orders_order VALUES (1, 'open')")
        session.execute(DROPPED.encode())
        with pytest.raises(psycopg.errors.NotNullViolation):
            session.execute("ALTER TABLE orders_order ADD COLUMN status varchar(12) NOT NULL")
