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
    return f"{manifest.id}: {size(manifest.total_size)}, {rows:,} rows, verified: {level.value}"


def listed(backups: list[dict[str, Any]]) -> str:
    """One line each."""
    if not backups:
        return "There is no backup."
    return "\n".join(
        f"{backup['id']}  {size(backup['size']):>10}  {age(backup['age_seconds']):>7} old  "
        f"{backup['level'] or _unverified(backup['failed'])}{_pin(backup['pinned'])}"
        for backup in backups
    )


def _unverified(failed: str | None) -> str:
    return f"not verified: bad ({failed})" if failed else "not verified"


def _pin(reason: str | None) -> str:
    return f"  pinned: {reason}" if reason else ""


def pinned(identifier: str, reason: str | None) -> str:
    """What holds a backup now."""
    return f"{identifier}{_pin(reason) or '  not pinned'}"


def pruned(environment: str, database: str, entries: list[dict[str, Any]], apply: bool) -> str:
    """One line each with what becomes of it and why, then the sum of what is deleted."""
    lines = [f"{environment}: backups of {database}"]
    lines += [_verdict(entry) for entry in entries if entry["is_backup"]] or ["There is none."]
    if debris := [entry for entry in entries if not entry["is_backup"]]:
        lines += ["", "Files that are no backup:", *map(_verdict, debris)]
    doomed = [entry["size"] for entry in entries if entry["delete"]]
    lines += ["", f"To delete: {len(doomed)}, {size(sum(doomed))}"]
    if doomed and not apply:
        lines.append("Nothing was deleted. To delete: the same command with --apply")
    return "\n".join(lines)


def _verdict(entry: dict[str, Any]) -> str:
    what = "DELETE" if entry["delete"] else "keep"
    level = entry["level"] or ("not verified" if entry["is_backup"] else "-")
    return (
        f"{what:<6}  {entry['id']}  {age(entry['age_seconds']):>6}  {size(entry['size']):>9}  "
        f"{level:<12}  {', '.join(entry['because'])}"
    )


def verified(results: list[dict[str, Any]]) -> str:
    """One line each, with what is wrong."""
    return "\n".join(
        f"FAIL {result['id']}  {result['code']} {result['what']}"
        if result["code"]
        else f"ok   {result['id']}  {result['level']}"
        for result in results
    )
