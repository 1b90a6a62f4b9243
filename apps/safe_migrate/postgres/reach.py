"""Reach a server, or say in a person's words why it cannot be reached."""

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from safe_migrate.errors import Refused, SafeMigrateError
from safe_migrate.postgres import session
from safe_migrate.postgres.embedded.error import EmbeddedError


def connect(connection: BaseDatabaseWrapper, direct_url: str | None) -> psycopg.Connection:
    """A private session to the database of Django's connection; the caller closes it.

    Django's own connection is made direct as well (session.make_direct). Raises Refused with what
    the server said: unreachable (SM-E101), password (SM-E102), no such database (SM-E103), closed
    by a restore (SM-E105), or why the embedded server does not start (SM-E104).
    """
    session.make_direct(connection, direct_url)
    try:
        # Django's own connection first: the embedded engine creates its database there.
        connection.ensure_connection()
        return session.open_session(connection, "runner")
    except EmbeddedError as error:
        raise Refused("SM-E104", error.what, next=error.remedy) from error
    except (psycopg.OperationalError, OperationalError) as error:
        raise unreachable(connection, str(error)) from error


def unreachable(connection: BaseDatabaseWrapper, said: str) -> SafeMigrateError:
    """The failure for a connection that could not be made, by what libpq said about it."""
    settings = connection.settings_dict
    host = settings.get("HOST") or "the local socket"
    where = f"{host}:{settings.get('PORT') or 5432}"
    detail = said.strip().splitlines()[-1].strip() if said.strip() else "no reason given"
    doctor = "python manage.py safe_doctor"
    if "authentication failed" in said or "no password supplied" in said:
        return Refused(
            "SM-E102",
            f"The server {where} refused the password of user {settings.get('USER')!r}: {detail}",
            next=("Correct the password in DATABASE_URL.", doctor),
        )
    if "does not exist" in said and "database" in said:
        return Refused(
            "SM-E103",
            f"The server {where} has no database {settings.get('NAME')!r}: {detail}",
            next=(f"createdb {settings.get('NAME')}", doctor),
        )
    if "not currently accepting connections" in said and "database" in said:
        return Refused(
            "SM-E105",
            f"The database {settings.get('NAME')!r} on {where} is closed to everybody: a restore "
            "is exchanging it, or was killed while it did.",
            next=(
                "python manage.py safe_backup restore ID  (the same one: it is finished)",
                "python manage.py safe_backup undo  (it is taken back)",
            ),
        )
    return Refused(
        "SM-E101",
        f"The server {where} cannot be reached: {detail}",
        next=("Check host and port in DATABASE_URL, and that the server runs.", doctor),
    )
