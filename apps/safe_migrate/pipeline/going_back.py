"""Before a database is exchanged: reach the server without it, know whose it is, lock it."""

import psycopg

from safe_migrate.backups.restore import leftovers
from safe_migrate.backups.restore.plan import Rights, Target, attached_refusal, rights_refusal
from safe_migrate.errors import Failed, Refused
from safe_migrate.pipeline import identify, lock
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import maintenance, reach, session, standing
from safe_migrate.postgres.standing import Standing


def name_of(run: Run) -> str:
    """The database that the settings name."""
    given = session.connection_parameters(run.connection).get("dbname")
    return str(given or run.connection.settings_dict["NAME"])


def reach_server(run: Run) -> tuple[psycopg.Connection, Standing]:
    """A session to the maintenance database, and how the run's database stands.

    The database itself may be closed or gone: that is when a restore is needed. Raises Refused
    where the server cannot be reached, or lets us into no maintenance database (SM-B410).
    """
    session.make_direct(run.connection, run.conf.migration_urls.get(run.connection.alias))
    try:
        run.maintenance = maintenance.open_session(run.connection, "restore")
    except psycopg.OperationalError as error:
        failure = reach.unreachable(run.connection, str(error))
        if failure.code in ("SM-E101", "SM-E103") and "FATAL" in str(error):
            raise _no_maintenance(str(error)) from error
        raise failure from error
    run.stack.callback(run.maintenance.close)
    return run.maintenance, standing.look(run.maintenance, name_of(run))


def reach_database(run: Run) -> tuple[psycopg.Connection, Standing]:
    """A session to the run's database itself, whose stamp is compared, and how it stands.

    Raises Refused where it cannot be reached, or is another environment's.
    """
    identify.perform(run)
    return run.session, standing.look(run.session, run.session.info.dbname)


def enter(run: Run, own: psycopg.Connection, here: Standing) -> bool:
    """Open a session to the run's database and compare its stamp; False where nobody can.

    Nobody can where it does not exist, or a killed swap has closed it: then its stamp was compared
    before. Raises Refused: another environment's, or closed by somebody else (SM-E105).
    """
    if not here.exists or (not here.accepts and leftovers.closed_by_us(own, name_of(run))):
        return False
    try:
        run.session = session.open_session(run.connection, "runner")
    except psycopg.OperationalError as error:
        raise reach.unreachable(run.connection, str(error)) from error
    run.stack.callback(run.session.close)
    run.identity = identify.identify(run.session, run.connection, run.conf)
    return True


def lock_both(run: Run, own: psycopg.Connection, entered: bool, again: str) -> None:
    """The lock in the database, where we are in it, and the one on its name."""
    if entered:
        lock.obtain_inside(run, again)
    lock.obtain_name(run, own, name_of(run), again)


def require_exchange(own: psycopg.Connection, database: str, here: Standing, backup: str) -> None:
    """Raises Refused where our role may not exchange the database, or something hangs on it."""
    rights = Rights(here.user, here.may_create, here.owner, here.owns)
    refused = rights_refusal(backup, database, rights) or attached_refusal(
        database, standing.attached(own, database)
    )
    if refused:
        raise refused


def target_of(run: Run, here: Standing) -> Target:
    """What the decision whether to restore is made from."""
    return Target(
        environment=run.conf.environment.value,
        database=name_of(run),
        system_identifier=here.system_identifier,
        server_major=here.server_major,
        exists=here.exists,
        size=here.size,
        lsn=here.lsn,
    )


def ended(error: psycopg.Error) -> Failed:
    """The server ended what came before the database was touched."""
    said = str(error).strip().splitlines()
    return Failed(
        "SM-B407",
        f"The server ended the restore: {said[0] if said else type(error).__name__}",
        state="The database was not touched.",
        next=("python manage.py safe_doctor", "Then run the same command again."),
    )


def _no_maintenance(said: str) -> Refused:
    lines = said.strip().splitlines()
    return Refused(
        "SM-B410",
        "None of the databases that one works from while another is exchanged "
        f"({', '.join(maintenance.CANDIDATES)}) lets us in: {lines[-1].strip()}",
        next=(
            "GRANT CONNECT ON DATABASE postgres TO the role of DATABASE_URL;",
            "python manage.py safe_backup restore ID --in-place",
        ),
    )
