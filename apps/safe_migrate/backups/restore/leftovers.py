"""What a killed restore or undo left: finished where it was ready, else taken back."""

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection

from safe_migrate.postgres import databases, maintenance, marks, session, standing, swap
from safe_migrate.postgres.marks import Marked, Role


def clear(
    own: Connection, connection: BaseDatabaseWrapper, database: str, backup: str = ""
) -> Marked | None:
    """Take back what a killed run left beside a database; called under the lock on its name.

    Returns what that run had made ready, and this one asks for: the copy of `backup`, or, without
    one, the kept database that was about to be swapped back. `own` is the session to the
    maintenance database.
    """
    found: Marked | None = None
    for known in marks.of(own, database):
        mark = known.mark
        if mark.role is Role.NEW:
            databases.drop(own, known.name)
        elif mark.role is Role.READY:
            copied = mark.was == Role.NEW
            if found is None and copied == bool(backup) and mark.backup == (backup or mark.backup):
                found = known
                continue
            swap.reopen(own, known)
            if copied:
                databases.drop(own, known.name)
    for name in marks.unmarked(own, database):
        _drop_if_empty(own, connection, name)
    return found


def _drop_if_empty(own: Connection, connection: BaseDatabaseWrapper, name: str) -> None:
    """A kill between making a database and marking it: named as ours, with nothing in it."""
    try:
        with session.connect(maintenance.parameters_for(connection, name), "restore") as inside:
            empty = standing.is_empty(inside)
    except psycopg.OperationalError:
        return
    if empty:
        databases.drop(own, name)


def closed_by_us(own: Connection, database: str) -> bool:
    """Whether a killed swap is why a database refuses connections, or is not there."""
    return any(known.mark.role is Role.READY for known in marks.of(own, database))
