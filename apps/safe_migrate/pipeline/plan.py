"""What is pending: migrations, their operations and, where it is to be shown, SQL and dangers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from safe_migrate.errors import Refused
from safe_migrate.facts.database import Database
from safe_migrate.pipeline import graph
from safe_migrate.pipeline.judge import judge
from safe_migrate.pipeline.run import Run
from safe_migrate.plan import collect, identity, situations
from safe_migrate.postgres import facts
from safe_migrate.postgres.asking import Asker

NAME = "plan"


def perform(run: Run) -> None:
    """Set the run's plan; after the lock was waited for, from what is applied now.

    Raises Refused where it is not the plan that was asked for by its id.
    """
    if run.locked:
        graph.refresh(run)
    if run.options.show_sql or run.options.plan_id:
        _look(run)
    else:
        run.plan = collect.describe(run.pending)
    run.progress.note(_summary(run))
    if run.options.plan_id not in ("", run.plan_id):
        raise _another(run)


def _look(run: Run) -> None:
    """Collect the SQL and, where it is shown, what it does to the database in front of it."""
    with _read_only(run.connection) as own:
        run.plan = collect.collect(graph.load(run), run.pending, own) if run.pending else ()
    database = _facts(run)
    run.plan_id = identity.plan_id(run.plan, database)
    if run.options.show_sql:
        run.plan = judge(run.plan, database, Asker(run.session))


def _facts(run: Run) -> Database:
    """What is known of the tables that the plan names."""
    read = facts.read(run.session, situations.named(run.plan))
    time_zone = run.connection.timezone_name
    return replace(read, budget_ms=run.conf.policy.budget_ms, time_zone=time_zone)


def _another(run: Run) -> Refused:
    return Refused(
        "SM-R312",
        f"The plan is not {run.options.plan_id} but {run.plan_id}: since that was shown, a "
        "migration, the schema of a table that it names, what is applied, or the version of "
        "PostgreSQL or of this tool has changed.",
        state="The database was not touched: no migration had begun.",
        next="python manage.py safe_migrate --plan",
    )


def _summary(run: Run) -> str:
    count = len(run.pending)
    if not count:
        return "nothing pending"
    operations = sum(len(migration.operations) for migration in run.plan)
    return f"{count} migration{'s' * (count != 1)}, {operations} operation{'s' * (operations != 1)}"


@contextmanager
def _read_only(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A second Django connection on which an operation's own cursor fails instead of writing."""
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        yield own
    finally:
        own.close()
