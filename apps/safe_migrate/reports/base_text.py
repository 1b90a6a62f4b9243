"""Base backups as text."""

from collections.abc import Sequence
from pathlib import Path

from safe_migrate.backups.base.notes import Base
from safe_migrate.backups.restore_point import recipe
from safe_migrate.reports.backup_text import size


def taken(base: Base, folders: Sequence[Path]) -> str:
    """A base backup that was just made, and how a data folder is made of it."""
    lines = [
        f"{base.id}: {base.kind.value}, {base.files:,} files, {size(base.size)}, each verified",
        "To make a data folder of it (a run prints the rest of a recovery):",
        *recipe.copying([str(folder) for folder in folders]),
    ]
    return "\n".join(lines)
