"""Restores as text."""

from typing import Any

from safe_migrate.backups.restore.plan import Loss
from safe_migrate.reports.backup_text import size
from safe_migrate.reports.status_text import age


def loss(database: str, loss: Loss) -> str:
    """What is told before a person confirms."""
    written = "" if loss.wal_bytes is None else f", and {size(loss.wal_bytes)} of log since then"
    lines = [
        f"The backup is {age(loss.age_seconds)} old{written}: "
        "what was written after it will not be in the restored database.",
        f"{database!r} holds {size(loss.size)} now; restoring will take about "
        f"{age(loss.estimate_seconds)}.",
    ]
    return "\n".join(lines)


def restored(document: dict[str, Any]) -> str:
    """A restore or an undo that is done."""
    lines = [f"{document['database']!r} now holds {document['backup'] or 'what it held before'}."]
    if document["finished"]:
        lines.append("An earlier run had restored it; the exchange was finished.")
    if document["kept"]:
        lines += [
            f"The database that was there is kept as {document['kept']!r}.",
            "To go back to it: python manage.py safe_backup undo",
        ]
    lines += [f"Warning: {warning}" for warning in document["warnings"]]
    return "\n".join(lines)


def kept(databases: list[dict[str, Any]]) -> str:
    """One line each, newest first."""
    if not databases:
        return "There is no kept database."
    return "\n".join(
        f"{known['name']}  {size(known['size']):>10}  put aside {known['at']}  "
        f"{known['backup'] or ''}".rstrip()
        for known in databases
    )


def exported(path: str, count: int) -> str:
    """A file that is written."""
    return f"{path}: {size(count)} of SQL. It is no backup: keep the one that it was made from."
