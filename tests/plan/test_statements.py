"""SQL as Django and people write it → typed statements. Pure: no database."""

from typing import Any

import pytest

from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind, Volatility
from safe_migrate.plan.parse import statements, volatility
from tests.servers import Server


def one(sql: str) -> Any:
    """The only statement of a text."""
    [found] = statements(sql)
    return found


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('DROP TABLE "a" CASCADE', {"kind": Kind.DROP_TABLE, "table": '"a"', "cascade": True}),
        (
            'DROP INDEX CONCURRENTLY IF EXISTS "i"',
            {"kind": Kind.DROP_INDEX, "name": '"i"', "concurrent": True, "if_exists": True},
        ),
        ("DROP VIEW v", {"kind": Kind.DROP, "object": "view", "table": '"v"'}),
        ("DROP TRIGGER x ON s.t", {"kind": Kind.DROP, "object": "trigger", "table": '"s"."t"'}),
        (
            "ALTER TABLE a RENAME TO b",
            {"kind": Kind.RENAME, "object": "table", "name": '"a"', "new_name": "b"},
        ),
        (
            "ALTER TABLE a RENAME COLUMN x TO y",
            {"kind": Kind.RENAME, "object": "column", "table": '"a"', "name": "x"},
        ),
        ("ALTER INDEX i RENAME TO j", {"kind": Kind.RENAME, "object": "index", "table": ""}),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t USING gin (a, lower(b)) WHERE c > 3",
            {"kind": Kind.CREATE_INDEX, "table": '"t"', "name": "i", "unique": True,
             "concurrent": True, "method": "gin", "condition": "c > 3", "expressions": True},
        ),
        (
            "UPDATE a SET x = 1 WHERE x IS NULL",
            {"kind": Kind.UPDATE, "table": '"a"', "condition": "x IS NULL"},
        ),
        ("DELETE FROM a", {"kind": Kind.DELETE, "table": '"a"', "condition": ""}),
        ("VACUUM FULL a", {"kind": Kind.VACUUM_FULL, "table": '"a"'}),
        ("VACUUM a", {"kind": Kind.MAINTENANCE, "table": '"a"'}),
        (
            "REINDEX TABLE CONCURRENTLY a",
            {"kind": Kind.REINDEX, "object": "table", "table": '"a"', "concurrent": True},
        ),
        ("COMMENT ON COLUMN a.b IS 'x'", {"kind": Kind.COMMENT, "table": '"a"'}),
        (
            "ALTER TYPE mood ADD VALUE 'x'",
            {"kind": Kind.ALTER_TYPE, "object": "enum value", "new_name": "x"},
        ),
        (
            "CREATE COLLATION c (provider = icu, locale = 'de')",
            {"kind": Kind.CREATE_COLLATION, "name": '"c"'},
        ),
        ("CREATE EXTENSION citext", {"kind": Kind.CREATE_EXTENSION, "name": "citext"}),
        ("SET CONSTRAINTS x IMMEDIATE", {"kind": Kind.SET_CONSTRAINTS, "tables": ()}),
        ("DO $$ BEGIN END $$", {"kind": Kind.CODE}),
        ("TRUNCATE a, b", {"kind": Kind.TRUNCATE, "tables": ('"a"', '"b"')}),
        ("LOCK TABLE a", {"kind": Kind.LOCK, "table": '"a"'}),
        ("this is no SQL", {"kind": Kind.UNKNOWN, "sql": "this is no SQL"}),
        ("IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z", {"kind": Kind.UNKNOWN}),
    ],
)  # fmt: skip
def test_what_a_statement_is(sql: str, expected: dict[str, Any]) -> None:
    found = one(sql)
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_positive_integer_field_is_a_column_with_a_check() -> None:
    found = one('ALTER TABLE "a" ADD COLUMN "b" integer DEFAULT 3 NOT NULL CHECK ("b" >= 0)')
    [action] = found.actions
    assert action.kind is ActionKind.ADD_COLUMN
    assert (action.column.name, action.column.type, action.column.default) == ("b", "int", "3")
    assert action.column.not_null
    [check] = action.column.constraints
    assert (check.kind, check.expression) == (ConstraintKind.CHECK, "b >= 0")
    assert check.columns == ("b",)


def test_what_django_joins_in_one_string() -> None:
    added, immediate = statements(
        'ALTER TABLE "a" ADD COLUMN "b" bigint NULL CONSTRAINT "x" REFERENCES "s"."c"("id")'
        ' DEFERRABLE INITIALLY DEFERRED; SET CONSTRAINTS "x" IMMEDIATE'
    )
    assert added.tables == ('"a"', '"s"."c"')
    assert added.sql.endswith("DEFERRED")
    [key] = added.actions[0].column.constraints
    assert (key.kind, key.references, key.deferrable) == (
        ConstraintKind.FOREIGN_KEY,
        '"s"."c"',
        True,
    )
    assert immediate.sql == 'SET CONSTRAINTS "x" IMMEDIATE'


def test_several_subcommands() -> None:
    found = one(
        'ALTER TABLE x ALTER c TYPE varchar(20) COLLATE "C" USING c::varchar,'
        " ALTER d SET DEFAULT gen_random_uuid(), ALTER e DROP NOT NULL, ALTER f SET NOT NULL,"
        " ALTER g DROP DEFAULT, DROP COLUMN h CASCADE, DROP CONSTRAINT i, VALIDATE CONSTRAINT j,"
        " SET (fillfactor = 70), SET UNLOGGED, ENABLE ROW LEVEL SECURITY"
    )
    kinds = ActionKind
    assert [(action.kind, action.name) for action in found.actions] == [
        (kinds.ALTER_TYPE, "c"), (kinds.SET_DEFAULT, "d"), (kinds.DROP_NOT_NULL, "e"),
        (kinds.SET_NOT_NULL, "f"), (kinds.DROP_DEFAULT, "g"), (kinds.DROP_COLUMN, "h"),
        (kinds.DROP_CONSTRAINT, "i"), (kinds.VALIDATE_CONSTRAINT, "j"), (kinds.STORAGE, ""),
        (kinds.REWRITES, ""), (kinds.ROW_SECURITY, ""),
    ]  # fmt: skip
    changed = found.actions[0]
    assert (changed.column.type, changed.column.collation, changed.using) == (
        "varchar(20)",
        "C",
        "c::varchar",
    )
    assert found.actions[5].cascade


@pytest.mark.parametrize(
    ("sql", "kind", "not_valid", "index"),
    [
        ("CHECK (a > 0) NOT VALID", ConstraintKind.CHECK, True, ""),
        ("UNIQUE USING INDEX i", ConstraintKind.UNIQUE, False, "i"),
        ("PRIMARY KEY (a)", ConstraintKind.PRIMARY_KEY, False, ""),
        ("FOREIGN KEY (a) REFERENCES b (id) NOT VALID", ConstraintKind.FOREIGN_KEY, True, ""),
        ("NOT NULL a NOT VALID", ConstraintKind.NOT_NULL, True, ""),
        ("EXCLUDE USING gist (a WITH &&)", ConstraintKind.EXCLUSION, False, ""),
    ],
)
def test_constraints(sql: str, kind: ConstraintKind, not_valid: bool, index: str) -> None:
    [action] = one(f"ALTER TABLE t ADD CONSTRAINT c {sql}").actions
    added = action.constraint
    assert (added.kind, added.not_valid, added.using_index) == (kind, not_valid, index)
    assert action.name == "c"


def test_a_created_table() -> None:
    found = one(
        "CREATE TABLE s.t (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, x serial,"
        " p bigint NOT NULL REFERENCES q (id), g int GENERATED ALWAYS AS (x + 1) STORED,"
        " CONSTRAINT u UNIQUE (x, p))"
    )
    assert found.table == '"s"."t"'
    assert found.tables == ('"s"."t"', '"q"')
    id_, x, p, g = found.columns
    assert (id_.identity, id_.not_null) == (True, True)
    assert (x.volatility, x.not_null) == (Volatility.VOLATILE, True)
    assert [key.references for key in p.constraints] == ['"q"']
    assert g.generated == "stored"
    assert [(c.kind, c.columns) for c in found.constraints] == [(ConstraintKind.UNIQUE, ("x", "p"))]


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("3", Volatility.CONSTANT),
        ("'{}'::jsonb", Volatility.CONSTANT),
        ("lower('A')", Volatility.CONSTANT),
        ("now()", Volatility.STABLE),
        ("CURRENT_TIMESTAMP", Volatility.STABLE),
        ("STATEMENT_TIMESTAMP()", Volatility.STABLE),
        ("gen_random_uuid()", Volatility.VOLATILE),
        ("clock_timestamp()", Volatility.VOLATILE),
        ("nextval('s')", Volatility.VOLATILE),
        ("random() + 1", Volatility.VOLATILE),
        ("public.lower('A')", Volatility.VOLATILE),
        ("some_function(now())", Volatility.VOLATILE),
    ],
)
def test_whether_a_default_is_the_same_for_every_row(default: str, expected: Volatility) -> None:
    [action] = one(f"ALTER TABLE t ADD COLUMN c text DEFAULT {default}").actions
    assert action.column.volatility is expected


@pytest.mark.parametrize("name", sorted(volatility.IMMUTABLE | volatility.STABLE))
def test_what_is_known_of_functions_is_what_the_server_says(server: Server, name: str) -> None:
    """No overload of a function is worse than its name is taken for."""
    found = {
        kind
        for (kind,) in server.query(
            "postgres", "SELECT provolatile FROM pg_proc WHERE proname = %s", name
        )
    }
    assert found
    assert found <= ({"i"} if name in volatility.IMMUTABLE else {"i", "s"})
