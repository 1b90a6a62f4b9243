"""What --plan prints: whole texts, at 80 columns."""

from typing import Any

import pytest

from safe_migrate.reports.plan_text import render_plan, verdict

STEP = {
    "sql": 'CREATE INDEX CONCURRENTLY "by_title" ON "shelf_book" ("title")',
    "lock": "SHARE UPDATE EXCLUSIVE", "concurrent": True, "batched": False, "postcondition": "",
}  # fmt: skip


def danger(grade: str = "warning", **more: Any) -> dict[str, Any]:
    return {
        "code": "SM-H101", "title": "", "grade": grade, "effect": "scan", "statement": 0,
        "table": "", "lock": "SHARE", "held_ms": None, "what": "every row is read", "instead": [],
        "code_instead": "", "phase": "any", "examples": [], "acknowledged": "", "steps": [], **more,
    }  # fmt: skip


def operation(*dangers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "description": "Create index by_title", "statements": ["CREATE INDEX x ON y (z);"],
        "opaque": "", "kind": "AddIndex", "source": "", "reversible": True, "phase": "any",
        "dangers": list(dangers), **more,
    }  # fmt: skip


def report(*operations: dict[str, Any], dangers: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    migration = {
        "app": "shelf", "name": "0002_index", "backwards": False, "atomic": True,
        "operations": list(operations), "dangers": list(dangers),
    }  # fmt: skip
    return {
        "environment": "staging", "database": {"database": "shop", "host": "db:5432"},
        "plan": [migration], "plan_id": "0123456789abcdef", "warnings": [],
    }  # fmt: skip


def test_each_danger_stands_below_its_statement() -> None:
    full = danger(
        what="every row of \"shelf_book\" (1.2 M rows) is read under SHARE: writes wait about 4 s",
        instead=["Build it CONCURRENTLY.", "Then let Django know of it in the state alone."],
        code_instead='AddIndexConcurrently(\n    "Book", …\n)',
        steps=[STEP],
    )  # fmt: skip
    python = operation(
        danger("note", statement=None, code="SM-H402", acknowledged="It is one row."),
        description="Raw Python operation", statements=[], opaque="runs Python code",
        reversible=False,
    )  # fmt: skip
    shown = render_plan(report(operation(full, phase="contract"), python))
    assert shown == (
        "staging: shop on db:5432\n"
        "\n"
        "apply shelf.0002_index (one transaction)\n"
        "  - Create index by_title\n"
        "      When: after the old code is gone\n"
        "      CREATE INDEX x ON y (z);\n"
        '        WARNING SM-H101: every row of "shelf_book" (1.2 M rows) is read under\n'
        "          SHARE: writes wait about 4 s\n"
        "          Instead: Build it CONCURRENTLY.\n"
        "                   Then let Django know of it in the state alone.\n"
        "          In the migration:\n"
        "            AddIndexConcurrently(\n"
        '                "Book", …\n'
        "            )\n"
        "          The same in safe steps:\n"
        '            1. CREATE INDEX CONCURRENTLY "by_title" ON "shelf_book" ("title")\n'
        "               (SHARE UPDATE EXCLUSIVE, outside a transaction)\n"
        "  - Raw Python operation\n"
        "      cannot be reversed\n"
        "      runs Python code\n"
        "        note SM-H402: every row is read\n"
        "          acknowledged: It is one row.\n"
        "\n"
        "1 danger, 1 note: see what stands below each statement.\n"
        "Plan id: 0123456789abcdef\n"
        "Each code has its page: docs/hazards.md\n"
        "To apply: python manage.py safe_migrate"
    )
    assert max(map(len, shown.splitlines())) <= 80


def test_what_is_wrong_with_a_migration_stands_at_its_head() -> None:
    wrong = danger("error", statement=None, code="SM-H902", instead=["Say why."])
    lines = render_plan(report(operation(statements=[]), dangers=(wrong,))).splitlines()
    assert lines[2:8] == [
        "apply shelf.0002_index (one transaction)",
        "  ERROR SM-H902: every row is read",
        "    Instead: Say why.",
        "  - Create index by_title",
        "      no SQL",
        "",
    ]


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ((), "No danger was found."),
        (("note",), "No danger was found, 1 note."),
        (("warning", "note", "note"), "1 danger, 2 notes: see what stands below each statement."),
        (("warning", "error"), "2 dangers: 1 of them will fail or is a mistake."),
        (("error", "error"), "2 dangers: 2 of them will fail or are a mistake."),
    ],
)
def test_the_verdict(grades: tuple[str, ...], expected: str) -> None:
    assert verdict(report(operation(*map(danger, grades)))) == expected
