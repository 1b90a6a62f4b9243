"""Which database is this, and does it agree that it is this environment's?"""

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import OperationalError

from safe_migrate.conf import Conf
from safe_migrate.errors import Refused, SafeMigrateError
from safe_migrate.facts import Identity
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Environment, Policy
from safe_migrate.postgres import control, session

NAME = "identify"


def perform(run: Run) -> None:
    """Connect and compare the stamp with the settings. Writes nothing."""
    session.make_direct(run.connection, run.conf.migration_urls.get(run.connection.alias))
    run.session = connect(run.connection)
    run.stack.callback(run.session.close)
    run.identity = identify(run.session, run.connection, run.conf)
    where = f"{run.identity.database} on {run.identity.host}"
    run.progress.note(f"{where}, PostgreSQL {run.identity.server_version}")


def connect(connection: BaseDatabaseWrapper) -> psycopg.Connection:
    """A private session to the database of Django's connection; the caller closes it.

    Raises Refused with what the server said: unreachable (SM-E101), password (SM-E102), no such
    database (SM-E103).
    """
    try:
        # Django's own connection first: the embedded engine creates its database there.
        connection.ensure_connection()
        return session.open_session(connection, "runner")
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
    return Refused(
        "SM-E101",
        f"The server {where} cannot be reached: {detail}",
        next=("Check host and port in DATABASE_URL, and that the server runs.", doctor),
    )


def identify(own: psycopg.Connection, connection: BaseDatabaseWrapper, conf: Conf) -> Identity:
    """The database's identity. Raises Refused where it belongs to another environment."""
    stamp = control.read_stamp(own)
    embedded = session.is_embedded(connection)
    info = own.info
    if stamp is None:
        # Only an unstamped database is searched for rows: a stamped one has been decided.
        holds_data = not may_stamp(conf.policy, embedded=embedded) and control.holds_data(own)
        if holds_data:
            raise _unstamped(info.dbname, conf.environment)
    elif stamp.environment is not conf.environment:
        raise _mismatch(info.dbname, stamp.environment, conf.environment)
    return Identity(
        environment=conf.environment,
        stamped=stamp is not None,
        alias=connection.alias,
        database=info.dbname,
        host=f"{info.host or 'local socket'}:{info.port}",
        user=info.user,
        server_version=info.parameter_status("server_version") or str(info.server_version),
        server_major=info.server_version // 10000,
        embedded=embedded,
    )


def may_stamp(policy: Policy, *, embedded: bool) -> bool:
    """Whether a run may stamp a database that holds data and has no stamp yet."""
    return policy.stamps_existing_data or embedded


def _mismatch(database: str, stamped: Environment, environment: Environment) -> Refused:
    return Refused(
        "SM-E110",
        f"The database {database!r} is stamped {stamped.value!r}, but these settings are for "
        f"{environment.value!r}.",
        next=(
            f"python manage.py safe_migrate --env {stamped.value}",
            f"If {database!r} is a clone that should become {environment.value}: "
            f"python manage.py safe_doctor --stamp {environment.value}",
        ),
    )


def _unstamped(database: str, environment: Environment) -> Refused:
    return Refused(
        "SM-E111",
        f"The database {database!r} holds data and has no stamp: it cannot be told whose it is, "
        f"and these settings are for {environment.value!r}, where data may be thrown away.",
        next=f"python manage.py safe_doctor --stamp {environment.value}",
    )
