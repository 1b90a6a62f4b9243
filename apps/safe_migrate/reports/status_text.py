"""The status of a database as text."""

from typing import Any


def render(status: dict[str, Any]) -> str:
    """Migrations by app, then what ran last and what there is to go back to."""
    stamp = status["stamp"] or "unstamped"
    lines = [f"{status['database']} on {status['host']}: {stamp}"]
    if status["stamp"] and status["stamp"] != status["environment"]:
        lines.append(f"WARNING: these settings are for {status['environment']}.")
    for app, migrations in status["migrations"].items():
        lines.append(app)
        lines += [_migration(app, entry, status["edited"]) for entry in migrations]
    pending = len(status["pending"])
    lines += [
        "",
        f"Pending:     {pending or 'nothing'}",
        f"Last run:    {_run(status['last_run'])}",
    ]
    if status["last_failed"]:
        lines.append(f"Last failed: {_run(status['last_failed'])}")
    lines.append(f"Last backup: {_backup(status)}")
    if status["history"]:
        lines += ["", "History, newest first:"]
        lines += [f"  {_run(run)}" for run in status["history"]]
    return "\n".join(lines)


def _migration(app: str, entry: dict[str, Any], edited: list[str]) -> str:
    mark = "x" if entry["applied"] else " "
    note = "  edited since it was applied" if f"{app}.{entry['name']}" in edited else ""
    return f"  [{mark}] {entry['name']}{note}"


def _run(run: dict[str, Any] | None) -> str:
    if run is None:
        return "none recorded"
    words = [run["started_at"], run["command"], run["outcome"]]
    if run["error"]:
        words.append(run["error"])
    if run["applied"]:
        words.append(f"({len(run['applied'])} migrations)")
    return " ".join(words)


def _backup(status: dict[str, Any]) -> str:
    if status["storage_error"]:
        return f"unknown, the storage cannot be read ({status['storage_error']})"
    backup = status["last_verified_backup"]
    if backup is None:
        return "none verified"
    return f"{backup['id']}, {backup['level']}, {age(backup['age_seconds'])} old"


def age(seconds: float) -> str:
    """A duration in the unit that fits it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
