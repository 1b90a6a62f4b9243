"""Which database is this, and does it agree that it is this environment's?"""

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from safe_migrate.conf import Conf
from safe_migrate.errors import Refused
from safe_migrate.facts import Identity
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Environment, Policy
from safe_migrate.postgres import control, reach, session

NAME = "identify"


def perform(run: Run) -> None:
    """Connect and compare the stamp with the settings. Writes nothing."""
    url = run.conf.migration_urls.get(run.connection.alias)
    run.session = reach.connect(run.connection, url)
    run.stack.callback(run.session.close)
    run.identity = identify(run.session, run.connection, run.conf)
    where = f"{run.identity.database} on {run.identity.host}"
    run.progress.note(f"{where}, PostgreSQL {run.identity.server_version}")


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
