"""A session for what is not a dump: restore points and base backups."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict

from safe_migrate import conf
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import session


def parameters(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """For libpq: BACKUP_DATABASE_URL's where set, else those of Django's connection."""
    url = conf.read().backup_urls.get(connection.alias)
    if url:
        return {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
    return session.connection_parameters(connection)


@contextmanager
def connected(given: Mapping[str, Any]) -> Iterator[psycopg.Connection]:
    """An autocommit session. Raises BackupFailed: not to be had (SM-B601), or lost (SM-B602)."""
    try:
        own = session.connect(given, "backup")
    except psycopg.OperationalError as error:
        raise BackupFailed(
            "SM-B601",
            f"The backup could not connect: {str(error).strip()}",
            next=("Check BACKUP_DATABASE_URL or DATABASE_URL.", "python manage.py safe_doctor"),
        ) from error
    try:
        with own:
            yield own
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()
        raise BackupFailed(
            "SM-B602",
            f"The server ended the backup: {reason[0] if reason else type(error).__name__}",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
