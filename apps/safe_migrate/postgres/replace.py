"""A fresh, empty database in the place of another, which is dropped."""

from datetime import UTC, datetime

import psycopg
from psycopg import Connection, sql

from safe_migrate.postgres import databases, marks, swap
from safe_migrate.postgres.marks import Mark, Marked, Role


def replace_with_empty(maintenance: Connection, database: str) -> None:
    """Put an empty database of the same owner in its place and drop the old one.

    `maintenance` is an autocommit session to another database of the server. Sessions on the old
    one are ended. Raises psycopg.Error: no right to create databases; SwapBlocked: sessions that
    cannot be ended.
    """
    if not databases.exists(maintenance, database):
        raise psycopg.errors.InvalidCatalogName(f'database "{database}" does not exist')
    _drop_ours(maintenance, database)
    fresh = marks.name_for(database, Role.NEW, datetime.now(UTC))
    # From the server's own template, as createdb does: there may be extensions in it.
    maintenance.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(fresh), sql.Identifier(databases.owner(maintenance, database))
        )
    )
    mark = Mark(
        role=Role.NEW,
        of=database,
        at=marks.now(),
        comment=databases.comment(maintenance, database),
    )
    marks.write(maintenance, fresh, mark)
    swap.swap(maintenance, Marked(fresh, mark, 0))
    _drop_ours(maintenance, database)


def _drop_ours(maintenance: Connection, database: str) -> None:
    """What a reset made or put aside; what a restore did has a backup in its mark."""
    for known in marks.of(maintenance, database):
        if not known.mark.backup:
            databases.drop(maintenance, known.name)
