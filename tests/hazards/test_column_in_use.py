"""Changes that PostgreSQL refuses because of what uses a column."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import (
    Database,
    Dependent,
)
from safe_migrate.hazards.column_in_use import HAZARD
from tests.hazards.situations import (
    ORDER,
    dangers,
    database,
    operation,
)
from tests.servers import Server

CATALOGUE = (60,)

ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN "number" TYPE varchar(40)'
VIEW = Dependent(kind="view", name="public.totals", column="number")
CHANGE = operation("AlterField", code="migrations.AlterField('order', 'number', …)")


def used_by(*kinds: str) -> Database:
    return database(replace(ORDER, dependents=tuple(replace(VIEW, kind=kind) for kind in kinds)))


def test_whole_text() -> None:
    [found] = dangers(HAZARD, ALTER, used_by("view"), CHANGE)
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H310",
        Effect.FAILS,
        Lock.ACCESS_EXCLUSIVE,
        Phase.ANY,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        'column "number" of "orders_order" cannot be given another type, nor its own'
        " anew, while this uses it: view public.totals"
    )
    assert found.instead == ("Drop what uses it before this operation, and make it anew after it.",)
    assert found.code_instead == (
        "operations = [\n"
        "    migrations.RunSQL(\n"
        "        'DROP VIEW public.totals',\n"
        "        reverse_sql='CREATE VIEW public.totals AS …',\n"
        "    ),\n"
        "    migrations.AlterField('order', 'number', …),\n"
        "    migrations.RunSQL(\n"
        "        'CREATE VIEW public.totals AS …',\n"
        "        reverse_sql='DROP VIEW public.totals',\n"
        "    ),\n"
        "]"
    )


def test_others() -> None:
    found = dangers(
        HAZARD,
        ALTER,
        used_by(
            "materialized view",
            "rule",
            "function",
            "policy",
            "trigger",
            "publication",
            "generated column",
        ),
    )
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.ANY,
            None,
            (
                'column "number" of "orders_order" cannot be given another type, nor its own'
                " anew, while this uses it: materialized view public.totals, rule"
                " public.totals, function public.totals, policy public.totals, trigger"
                " public.totals, publication public.totals, generated column public.totals"
            ),
        ),
    ]


def test_a_drop_without_cascade() -> None:
    found = dangers(HAZARD, "ALTER TABLE orders_order DROP COLUMN number", used_by("policy"))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.ANY,
            None,
            (
                'column "number" of "orders_order" cannot be dropped while this uses it:'
                " policy public.totals"
            ),
        ),
    ]


def test_a_table_without_cascade() -> None:
    found = dangers(HAZARD, "DROP TABLE orders_order", used_by("view"))
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.ANY,
            None,
            '"orders_order" cannot be dropped while this uses it: view public.totals',
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        dangers(HAZARD, ALTER),
        dangers(HAZARD, ALTER.replace("number", "note"), used_by("view")),
        dangers(HAZARD, ALTER, used_by("statistics")),
        dangers(HAZARD, "ALTER TABLE orders_order DROP COLUMN number CASCADE", used_by("view")),
        dangers(HAZARD, "DROP TABLE orders_order CASCADE", used_by("view")),
        dangers(HAZARD, "DROP TABLE orders_order", used_by("trigger")),
        dangers(HAZARD, ALTER.replace("TYPE varchar(40)", "SET NOT NULL"), used_by("view")),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


@pytest.mark.parametrize(
    "user",
    [
        "CREATE VIEW v AS SELECT number FROM orders_order",
        "CREATE MATERIALIZED VIEW v AS SELECT number FROM orders_order",
        "CREATE RULE r AS ON DELETE TO orders_order WHERE old.number = 'x' DO INSTEAD NOTHING",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC"
        " SELECT number FROM orders_order; END",
        "CREATE POLICY p ON orders_order USING (number = 'x')",
        "CREATE TRIGGER t BEFORE UPDATE OF number ON orders_order EXECUTE FUNCTION"
        " suppress_redundant_updates_trigger()",
        "CREATE PUBLICATION p FOR TABLE orders_order (number)",
        "ALTER TABLE orders_order ADD COLUMN g text GENERATED ALWAYS AS (upper(number)) STORED",
    ],
)
def test_postgresql_refuses(server: Server, database: str, user: str) -> None:
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (id bigint PRIMARY KEY, number varchar(20))")
        session.execute(user.encode())
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="cannot alter type"):
            session.execute(ALTER.encode())
