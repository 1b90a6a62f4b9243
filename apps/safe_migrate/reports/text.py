"""Results as text, readable at 80 columns."""

import textwrap
from typing import Any

from safe_migrate.errors import SafeMigrateError
from safe_migrate.facts import Finding, Grade

WIDTH = 80
_LABEL = 8


def render_failure(error: SafeMigrateError) -> str:
    """What happened, the state now, what was lost, the next commands, where to read more.

    Commands are never wrapped: they are to be copied.
    """
    lines = [*_wrapped(f"{error.code}  ", error.what)]
    lines += _wrapped("State:", error.state)
    lines += _wrapped("Lost:", error.lost)
    for index, command in enumerate(error.next):
        lines.append(f"{'Next:' if index == 0 else '':<{_LABEL}}{command}")
    lines.append(f"{'More:':<{_LABEL}}{error.docs}")
    return "\n".join(lines)


def _wrapped(label: str, body: str) -> list[str]:
    first = label if len(label) >= _LABEL else f"{label:<{_LABEL}}"
    indent = " " * len(first)
    lines: list[str] = []
    for index, paragraph in enumerate(body.splitlines() or [""]):
        lines += textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent=first if index == 0 else indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def render_pending(report: dict[str, Any]) -> str:
    """The names of what is pending: what --check prints."""
    lines = [heading(report)]
    lines += [f"  {migration['app']}.{migration['name']}" for migration in report["plan"]]
    lines.append(f"Pending: {len(report['plan']) or 'nothing'}")
    return "\n".join(lines)


def render_run(report: dict[str, Any]) -> str:
    """The summary of a run that did what it was asked to."""
    lines = [heading(report)]
    if not report["plan"]:
        lines.append("Nothing was pending.")
    else:
        count = len(report["applied"])
        verb = "unapplied" if report["plan"][0]["backwards"] else "applied"
        lines.append(f"{count} migration{'s' * (count != 1)} {verb}:")
        lines += [f"  {name}" for name in report["applied"]]
    if backup := report["backup"]:
        lines.append(f"Backup {backup['id']}, {backup['size']} bytes, verified: {backup['level']}")
    if report["retries"]:
        lines.append(f"Locks were tried again {report['retries']} times.")
    return "\n".join([*lines, *warnings(report)])


def heading(report: dict[str, Any]) -> str:
    """The environment and its database."""
    database = report["database"]
    where = f"{database['database']} on {database['host']}" if database else "no database"
    return f"{report['environment']}: {where}"


def warnings(report: dict[str, Any]) -> list[str]:
    """What the preflight and the last check warn of."""
    lines: list[str] = []
    for warning in report["warnings"]:
        lines += _wrapped("Warning:  ", warning["text"])
        lines += [f"{'':<10}{line}" for line in warning["remedy"]]
    return ["", *lines] if lines else []


_MARKS = {Grade.OK: "ok", Grade.WARN: "WARN", Grade.FAIL: "FAIL"}


def render_findings(findings: list[Finding]) -> str:
    """One line per finding, each that is not well with its remedy."""
    lines: list[str] = []
    for finding in findings:
        lines += _wrapped(f"{_MARKS[finding.grade]:<5}{finding.check:<10}", finding.text)
        if finding.grade is not Grade.OK:
            lines += [f"{'':<15}-> {line}" for line in finding.remedy]
    return "\n".join(lines)
