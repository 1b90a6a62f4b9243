"""Backups as text."""

from typing import Any

from safe_migrate.backups.manifest import Manifest
from safe_migrate.policy import Level
from safe_migrate.reports.status_text import age


def size(count: int) -> str:
    """A number of bytes in the unit that fits it."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def created(manifest: Manifest, level: Level) -> str:
    """A backup that was just made."""
    rows = sum(manifest.rows.values())
    return f"{manifest.id}: {size(manifest.size)}, {rows:,} rows, verified: {level.value}"


def listed(backups: list[dict[str, Any]]) -> str:
    """One line each."""
    if not backups:
        return "There is no backup."
    return "\n".join(
        f"{backup['id']}  {size(backup['size']):>10}  {age(backup['age_seconds']):>7} old  "
        f"{backup['level'] or 'not verified'}"
        for backup in backups
    )


def verified(results: list[dict[str, Any]]) -> str:
    """One line each, with what is wrong."""
    return "\n".join(
        f"FAIL {result['id']}  {result['code']} {result['what']}"
        if result["code"]
        else f"ok   {result['id']}  {result['level']}"
        for result in results
    )
