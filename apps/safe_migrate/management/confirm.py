"""Destructive things are confirmed by typing the database's name: a y is typed too easily."""

import shlex
import sys

from safe_migrate.errors import Refused


def confirm(database: str, action: str, *, interactive: bool, given: str | None) -> None:
    """Have the database's name typed, or given by --confirm. Raises Refused (SM-E114)."""
    if given is None and interactive and sys.stdin.isatty():
        given = input(f"{action} {database!r}? Type the database's name: ")
    if given is None or given not in (database, database.strip()):
        said = "no name was given" if given is None else f"{given!r} is not its name"
        option = "--confirm=" if database.startswith("-") else "--confirm "
        raise Refused(
            "SM-E114",
            f"{action} {database!r} was not confirmed: {said}.",
            next=f"Add: --noinput {option}{shlex.quote(database)}",
        )
