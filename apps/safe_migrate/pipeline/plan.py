"""What is pending: migrations, their operations and, where it is to be shown, their SQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from safe_migrate.pipeline import graph
from safe_migrate.pipeline.run import Run
from safe_migrate.plan import collect

NAME = "plan"


def perform(run: Run) -> None:
    """Set the run's plan; after the lock was waited for, from what is applied now."""
    if run.locked:
        graph.refresh(run)
    if run.options.show_sql and run.pending:
        with _read_only(run.connection) as own:
            run.plan = collect.collect(graph.load(run), run.pending, own)
    else:
        run.plan = collect.describe(run.pending)
    run.progress.note(_summary(run))


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
