"""A fresh, empty database in the place of another: two renames in one transaction.

A kill at any moment leaves either the old or the new database under the name, never none.
"""

import time

import psycopg
from psycopg import Connection, sql

ATTEMPTS = 50
PAUSE_SECONDS = 0.1


def replace_with_empty(maintenance: Connection, database: str) -> None:
    """Put an empty database of the same owner in its place and drop the old one.

    `maintenance` is an autocommit session to another database of the server. Sessions on the old
    one are ended. Raises psycopg.Error: no right to create databases, or sessions that keep coming.
    """
    fresh, old = f"{database}__reset_new", f"{database}__reset_old"
    for debris in (fresh, old):
        _drop(maintenance, debris)
    maintenance.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(
            sql.Identifier(fresh), sql.Identifier(_owner(maintenance, database))
        )
    )
    _swap(maintenance, database, fresh, old)
    _drop(maintenance, old)


def _swap(maintenance: Connection, database: str, fresh: str, old: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    for attempt in range(ATTEMPTS):
        maintenance.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [database],
        )
        try:
            with maintenance.transaction():
                for before, after in ((database, old), (fresh, database)):
                    maintenance.execute(
                        rename.format(sql.Identifier(before), sql.Identifier(after))
                    )
            return
        except psycopg.errors.ObjectInUse:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE_SECONDS)


def _owner(maintenance: Connection, database: str) -> str:
    row = maintenance.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    if row is None:
        raise psycopg.errors.InvalidCatalogName(f'database "{database}" does not exist')
    return str(row[0])


def _drop(maintenance: Connection, database: str) -> None:
    maintenance.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
    )
