"""Who may be seeded. Decisions are pure; any one of them refuses, and no flag forces them."""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from psycopg import Connection

from safe_migrate.errors import Refused
from safe_migrate.policy import Environment, Policy
from safe_migrate.postgres import control, session
from seeding.conf import Profile

REFERENCE_ONLY = "python manage.py seed --reference"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What is known about the database in hand."""

    database: str
    stamp: str | None
    """The environment's name stored in it."""
    direct: bool
    """Not behind a pooler, which would take the runner's lock away."""
    read_only: bool
    """A standby, or a role or database whose transactions are read-only."""
    pending: tuple[str, ...] = ()
    """Migrations that are not applied."""


def require_allowed(policy: Policy, profile: Profile | None) -> None:
    """What the settings alone decide, before anything is connected to. Raises Refused."""
    environment = policy.environment
    if environment is Environment.PRODUCTION or not policy.seeding_allowed:
        raise Refused(
            "SD-101",
            f"These settings are for {environment.value!r}, where sample data is not allowed.",
            next=(f"The rows that every environment needs: {REFERENCE_ONLY}",),
        )
    if profile is None:
        raise Refused(
            "SD-102",
            f"There is no profile for {environment.value!r}, so it gets no sample data.",
            next=(
                f'Where it should: SEEDING = {{"PROFILES": {{"{environment.value}": '
                '{"scale": 1}}}',
                f"The rows that every environment needs: {REFERENCE_ONLY}",
            ),
        )


def require_fit(target: Target, environment: Environment) -> None:
    """What the database decides. Raises Refused."""
    require_stamp(target, environment)
    if not target.direct:
        raise Refused(
            "SD-105",
            f"The connection to {target.database!r} goes through a pooler, which would take away "
            "the runner's lock.",
            next='Set SAFE_MIGRATE["MIGRATION_DATABASE_URL"] to a direct connection.',
        )
    if target.read_only:
        raise Refused(
            "SD-106",
            f"The database {target.database!r} takes no writes: it is a standby, or its "
            "transactions are read-only.",
            next="Point the settings at the primary server.",
        )
    if target.pending:
        names = ", ".join(target.pending[:3])
        more = f" and {len(target.pending) - 3} more" if len(target.pending) > 3 else ""
        raise Refused(
            "SD-107",
            f"Migrations are pending: {names}{more}. Seeds are written for the models as they are "
            "now.",
            next=("python manage.py safe_migrate", "python manage.py seed"),
        )


def require_stamp(target: Target, environment: Environment) -> None:
    """The environment is a fact of the database: it must be there and agree. Raises Refused."""
    if target.stamp is None:
        raise Refused(
            "SD-103",
            f"The database {target.database!r} has no stamp: it cannot be told whose it is.",
            next=(
                "python manage.py safe_migrate",
                f"or, where it holds data: python manage.py safe_doctor --stamp "
                f"{environment.value}",
            ),
        )
    if target.stamp != environment.value:
        raise Refused(
            "SD-104",
            f"The database {target.database!r} is stamped {target.stamp!r}, but these settings "
            f"are for {environment.value!r}.",
            next=(
                "Check DATABASE_URL: this looks like another environment's database.",
                f"If {target.database!r} is a clone that should become {environment.value}: "
                f"python manage.py safe_doctor --stamp {environment.value}",
            ),
        )


def look(own: Connection, connection: BaseDatabaseWrapper) -> Target:
    """Read what the decisions need. Writes nothing."""
    row = own.execute("SELECT current_setting('transaction_read_only') = 'on'").fetchone()
    return Target(
        database=own.info.dbname,
        stamp=_stored(own),
        direct=session.is_direct(own),
        read_only=bool(row and row[0]),
        pending=_pending(connection),
    )


def still_ours(raw: Connection, environment: Environment) -> None:
    """The stamp once more, inside the loading transaction, and kept as it is until that ends.

    `raw` is the connection that loads: were the settings to lead two connections to two
    databases, this is where it would show. Raises Refused.
    """
    stamp = _stored(raw, "FOR SHARE")
    target = Target(database=raw.info.dbname, stamp=stamp, direct=True, read_only=False)
    require_stamp(target, environment)


def _stored(raw: Connection, lock: str = "") -> str | None:
    # Read as text: a name that no version of ours ever wrote is a mismatch, not an error.
    if not control.exists(raw, control.STAMP):
        return None
    query = f"SELECT environment FROM {control.STAMP} {lock}"
    row = raw.execute(query.encode()).fetchone()
    return str(row[0]) if row else None


def _pending(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _ in plan)
