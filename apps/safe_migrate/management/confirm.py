"""Destructive things are confirmed by typing the database's name: a y is typed too easily."""

import sys

from safe_migrate.errors import Refused


def confirm(database: str, action: str, *, interactive: bool, given: str | None) -> None:
    """Have the database's name typed, or given by --confirm. Raises Refused (SM-E114)."""
    if given is None and interactive and sys.stdin.isatty():
        given = input(f"{action} {database!r}? Type the database's name: ").strip()
    if given != database:
        said = "no name was given" if given is None else f"{given!r} is not its name"
        raise Refused(
            "SM-E114",
            f"{action} {database!r} was not confirmed: {said}.",
            next=f"Add: --noinput --confirm {database}",
        )
