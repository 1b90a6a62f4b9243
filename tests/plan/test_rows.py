"""Statements that change rows, and those that change no table's shape: what is read of them."""

from typing import Any

import pytest

from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.plan.parse import statements


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "INSERT INTO a (x) SELECT y FROM b WHERE id BETWEEN 1 AND 5",
            {"reads": ('"b"',), "bounded_by": ("id",), "condition": "id BETWEEN 1 AND 5"},
        ),
        ("INSERT INTO a SELECT * FROM b LIMIT 5", {"reads": ('"b"',), "bounded_by": ("limit",)}),
        ("INSERT INTO a VALUES (1)", {"reads": (), "bounded_by": ()}),
        ("MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE", {"reads": ('"b"',)}),
        (
            "UPDATE a SET x = 1 WHERE id IN (1, 2) AND a.y = 3 AND z > 4",
            {"bounded_by": ("id", "y")},
        ),
        ("UPDATE a SET x = 1 WHERE id IN (SELECT id FROM a LIMIT 9)", {"bounded_by": ("id",)}),
        ("UPDATE a SET x = 1 WHERE id IN (SELECT id FROM a)", {"bounded_by": ()}),
        ("UPDATE a SET x = b.x FROM b WHERE a.id = b.id", {"bounded_by": (), "batched": ""}),
        ("DELETE FROM a WHERE x <> 1 OR id = 1", {"bounded_by": ()}),
        ("DELETE FROM a", {"batched": "DELETE FROM a WHERE {bound}"}),
        (
            "UPDATE a SET x = '{}%' WHERE y OR z",
            {"batched": "UPDATE a SET x = '{}%' WHERE (y OR z) AND {bound}", "literals": ("{}%",)},
        ),
        ("SELECT setval('s', 1)", {"calls": ("setval",), "literals": ("s",)}),
        ("LOCK TABLE a IN SHARE MODE", {"mode": "SHARE"}),
        ("LOCK TABLE a", {"mode": "ACCESS EXCLUSIVE"}),
        ("SET CONSTRAINTS ALL IMMEDIATE", {"mode": "immediate", "calls": ()}),
        ("SET CONSTRAINTS x, y DEFERRED", {"mode": "deferred", "calls": ('"x"', '"y"')}),
        ("ANALYZE a", {"kind": Kind.MAINTENANCE, "object": "analyze"}),
        ("COMMIT", {"mode": "commit"}),
        ("REVOKE SELECT ON t FROM x", {"kind": Kind.GRANT, "mode": "revoke", "table": '"t"'}),
        ("SET LOCAL lock_timeout = '3s'", {"name": "lock_timeout", "mode": "local"}),
        ("SET session_replication_role = replica", {"new_name": "replica", "mode": "session"}),
        ("ALTER SEQUENCE s RESTART WITH 7", {"name": '"s"', "restart": "7"}),
        ("ALTER SEQUENCE s RESTART", {"restart": "start"}),
        ("TRUNCATE a RESTART IDENTITY CASCADE", {"restart": "start", "cascade": True}),
        ("CREATE TYPE s.m AS ENUM ('a')", {"kind": Kind.CREATE_TYPE, "name": '"s"."m"'}),
        ("ALTER TYPE m RENAME VALUE 'a' TO 'b'", {"object": "renamed enum value"}),
        ("CREATE POLICY p ON t", {"name": "p", "table": '"t"', "mode": "permissive"}),
        ("CREATE POLICY p ON t AS RESTRICTIVE", {"mode": "restrictive"}),
        ("CREATE PUBLICATION p FOR ALL TABLES", {"object": "all tables", "mode": "add"}),
        ("ALTER PUBLICATION p DROP TABLE a", {"tables": ('"a"',), "mode": "drop"}),
        ("CREATE TABLE p PARTITION OF q DEFAULT", {"partition_of": '"q"'}),
        (
            "CREATE OR REPLACE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'select 1'",
            {"name": '"s"."f"', "replaces": True},
        ),
        (
            "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
            {"name": "x", "calls": ('"f"',), "replaces": False},
        ),
        ("CREATE COLLATION c (provider = icu, locale = 'de')", {"method": "icu"}),
    ],
)
def test_what_is_read_of_a_statement(sql: str, expected: dict[str, Any]) -> None:
    [found] = statements(sql)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER id RESTART WITH 10", {"kind": ActionKind.IDENTITY, "restart": "10"}),
        ("ALTER id RESTART", {"restart": "start"}),
        ("REPLICA IDENTITY NOTHING", {"option": "nothing"}),
        ("DISABLE TRIGGER ALL", {"kind": ActionKind.TRIGGERS, "option": "DisableTrigAll"}),
        ("FORCE ROW LEVEL SECURITY", {"option": "ForceRowSecurity"}),
    ],
)
def test_what_is_read_of_a_subcommand(sql: str, expected: dict[str, Any]) -> None:
    [found] = statements(f"ALTER TABLE t {sql}")
    assert {name: getattr(found.actions[0], name) for name in expected} == expected
