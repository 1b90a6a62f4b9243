"""The only door to a server: private psycopg sessions, and Django's own connection made direct.

django-dbbackup closes Django's connection, and a pooler in transaction mode takes session locks
and settings away; so what must last lives on sessions opened here.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

# A backend whose client was killed in the middle of a statement keeps its locks until it notices;
# with these it notices within seconds (PostgreSQL manual, 19.3.2 and 32.1.2).
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
CONNECTION_CHECK_MS = 1000


def make_direct(connection: BaseDatabaseWrapper, url: str | None) -> None:
    """Point Django's connection at the server itself, for the rest of this process.

    `url` (MIGRATION_DATABASE_URL) replaces where it connects to; a psycopg pool is dropped, since
    it would hand out another session at each turn; TCP keepalives are switched on. An open
    connection is closed first.
    """
    options = {**KEEPALIVE, **(connection.settings_dict.get("OPTIONS") or {})}
    connection.close()
    options.pop("pool", None)
    if url:
        given: dict[str, Any] = {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
        for key, name in _DJANGO_NAMES.items():
            connection.settings_dict[key] = given.pop(name, "")
        options.update(given)
    connection.settings_dict["OPTIONS"] = options


_DJANGO_NAMES = {
    "NAME": "dbname",
    "USER": "user",
    "PASSWORD": "password",
    "HOST": "host",
    "PORT": "port",
}


def connection_parameters(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """What libpq needs to reach the same database as Django's connection."""
    parameters = connection.get_connection_params()
    for django_only in ("context", "cursor_factory", "prepare_threshold", "server_side_binding"):
        parameters.pop(django_only, None)
    return parameters


def open_session(
    connection: BaseDatabaseWrapper, purpose: str, *, dbname: str | None = None
) -> psycopg.Connection:
    """An autocommit session of our own to the same server; the caller closes it.

    `purpose` shows in pg_stat_activity as the application's name. Raises psycopg.OperationalError
    where the server cannot be reached.
    """
    other = {"dbname": dbname} if dbname else {}
    own = connect({**connection_parameters(connection), **other}, purpose)
    if role := assumed_role(connection):
        own.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    return own


def assumed_role(connection: BaseDatabaseWrapper) -> str:
    """The role that Django's connection takes on after connecting (OPTIONS["assume_role"])."""
    return str((connection.settings_dict.get("OPTIONS") or {}).get("assume_role") or "")


def connect(parameters: Mapping[str, Any], purpose: str) -> psycopg.Connection:
    """An autocommit session of our own by libpq's parameters; the caller closes it."""
    name = {"application_name": f"safe_migrate {purpose}"}
    session: psycopg.Connection = psycopg.connect(
        **{**parameters, **KEEPALIVE, **name}, autocommit=True
    )
    # Through a pooler the setting would stick to a session that is somebody else's next.
    if is_direct(session):
        session.execute(f"SET client_connection_check_interval = {CONNECTION_CHECK_MS}")
    return session


def is_direct(session: psycopg.Connection) -> bool:
    """False behind a pooler: libpq was told another backend's pid than the one that answers."""
    row = session.execute("SELECT pg_backend_pid()").fetchone()
    return bool(row and row[0] == session.info.backend_pid)


def is_embedded(connection: BaseDatabaseWrapper) -> bool:
    """Whether this is the embedded server, which belongs to this checkout alone."""
    return str(connection.settings_dict["ENGINE"]) == "safe_migrate.postgres.embedded"
