"""Sessions to the database that one works from where another one is made, renamed or dropped."""

from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from safe_migrate.postgres import session

CANDIDATES = ("postgres", "template1")
LOCK_TIMEOUT_MS = 10_000
"""Somebody else's ALTER DATABASE in an open transaction must not hold us up for ever."""


def open_session(connection: BaseDatabaseWrapper, purpose: str) -> psycopg.Connection:
    """An autocommit session to the maintenance database; the caller closes it.

    Django's connection is neither used nor opened: the database it names may be closed to
    everybody. Raises psycopg.OperationalError where neither candidate lets us in.
    """
    # The embedded engine starts its server when it is asked for these.
    parameters = session.connection_parameters(connection)
    target = parameters.get("dbname")
    refused: psycopg.OperationalError | None = None
    for name in CANDIDATES:
        if name == target:
            continue
        try:
            own = session.connect({**parameters, "dbname": name}, purpose)
        except psycopg.OperationalError as error:
            refused = refused or error
            continue
        if session.is_direct(own):
            own.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        if role := session.assumed_role(connection):
            own.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        return own
    raise refused or psycopg.OperationalError("there is no maintenance database")


def parameters_for(connection: BaseDatabaseWrapper, database: str) -> dict[str, Any]:
    """What libpq needs to reach another database of the server as the role that Django assumes."""
    parameters = {**session.connection_parameters(connection), "dbname": database}
    if role := session.assumed_role(connection):
        # A start-up option, since client programs cannot be told to run SET ROLE first.
        escaped = role.replace("\\", "\\\\").replace(" ", "\\ ")
        given = parameters.get("options") or ""
        parameters["options"] = f"{given} -c role={escaped}".strip()
    return parameters
