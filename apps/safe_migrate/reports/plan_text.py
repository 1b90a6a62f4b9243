"""A plan as text: every statement, below it what it does to whom, and at the end a verdict."""

import textwrap
from collections.abc import Iterator
from typing import Any

from safe_migrate.reports.text import WIDTH, heading, warnings

_NOTE = "note"
_WHEN = {
    "expand": "before the new code runs",
    "contract": "after the old code is gone",
    "split": "in several migrations: neither old nor new code bears it as it is",
}


def render_plan(report: dict[str, Any]) -> str:
    """The pending migrations with their operations, SQL and dangers."""
    lines = [heading(report)]
    if not report["plan"]:
        lines.append("Nothing is pending.")
    for migration in report["plan"]:
        lines += _migration(migration)
    lines += warnings(report)
    if report["plan"]:
        lines += ["", verdict(report), f"Plan id: {report['plan_id']}"]
        lines += ["Each code has its page: docs/hazards.md"] * any(_dangers(report))
        lines += ["To apply: python manage.py safe_migrate"]
    return "\n".join(lines)


def verdict(report: dict[str, Any]) -> str:
    """How many dangers there are, in one line."""
    grades = [danger["grade"] for danger in _dangers(report)]
    notes = grades.count(_NOTE)
    errors, dangers = grades.count("error"), len(grades) - notes
    told = f", {notes} note{'s' * (notes != 1)}" if notes else ""
    if not dangers:
        return f"No danger was found{told}."
    said = f"{dangers} danger{'s' * (dangers != 1)}{told}"
    if errors:
        return f"{said}: {errors} of them will fail or {'are' if errors > 1 else 'is'} a mistake."
    return f"{said}: see what stands below each statement."


def _dangers(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for migration in report["plan"]:
        yield from migration["dangers"]
        for operation in migration["operations"]:
            yield from operation["dangers"]


def _migration(migration: dict[str, Any]) -> list[str]:
    way = "unapply" if migration["backwards"] else "apply"
    atomic = "one transaction" if migration["atomic"] else "not atomic"
    lines = ["", f"{way} {migration['app']}.{migration['name']} ({atomic})"]
    for danger in migration["dangers"]:
        lines += _danger(danger, 2)
    for operation in migration["operations"]:
        lines += _operation(operation)
    return lines


def _operation(operation: dict[str, Any]) -> list[str]:
    lines = _wrapped(operation["description"], 4, first="  - ")
    if operation["phase"] in _WHEN:
        lines += _wrapped(f"When: {_WHEN[operation['phase']]}", 6)
    if operation["reversible"] is False:
        lines += _wrapped("cannot be reversed", 6)
    if operation["opaque"]:
        lines += _wrapped(operation["opaque"], 6)
    if not (operation["opaque"] or operation["statements"]):
        lines.append("      no SQL")
    for danger in operation["dangers"]:
        lines += _danger(danger, 8) if danger["statement"] is None else []
    for number, statement in enumerate(operation["statements"]):
        lines += _sql(statement, 6)
        for danger in operation["dangers"]:
            lines += _danger(danger, 8) if danger["statement"] == number else []
    return lines


def _danger(danger: dict[str, Any], indent: int) -> list[str]:
    """One danger; a note says what is and no more."""
    noted = danger["grade"] == _NOTE
    grade = danger["grade"] if noted else danger["grade"].upper()
    lines = _wrapped(f"{grade} {danger['code']}: {danger['what']}", indent + 2, indent)
    if danger["acknowledged"]:
        lines += _wrapped(f"acknowledged: {danger['acknowledged']}", indent + 4, indent + 2)
    if noted:
        return lines
    for number, said in enumerate(danger["instead"]):
        label = "Instead: " if number == 0 else " " * len("Instead: ")
        lines += _wrapped(said, indent + 2 + len(label), first=" " * (indent + 2) + label)
    if danger["code_instead"]:
        lines.append(" " * (indent + 2) + "In the migration:")
        lines += textwrap.indent(danger["code_instead"], " " * (indent + 4)).splitlines()
    if danger["steps"]:
        lines.append(" " * (indent + 2) + "The same in safe steps:")
        for number, step in enumerate(danger["steps"], 1):
            lines += _sql(step["sql"], indent + 7, first=f"{' ' * (indent + 4)}{number}. ")
            lines += _wrapped(f"({_way(step)})", indent + 7)
    return lines


def _way(step: dict[str, Any]) -> str:
    said = [step["lock"] or "no lock on a table"]
    said += ["outside a transaction"] * step["concurrent"]
    said += ["for a range of keys at a time"] * step["batched"]
    return ", ".join(said)


def _sql(statement: str, indent: int, first: str = "") -> list[str]:
    lines: list[str] = []
    for number, line in enumerate(statement.splitlines()):
        start = first if first and not number else " " * indent
        lines += _wrapped(line, indent + 2, first=start)
    return lines


def _wrapped(text: str, rest: int, indent: int | None = None, first: str = "") -> list[str]:
    """Text within the width; the lines after the first are indented by `rest`."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first or " " * (rest if indent is None else indent),
        subsequent_indent=" " * rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
