"""Django's loader and graph, built once as `migrate` builds them, and the run's place in them."""

from safe_migrate.online.execute import CourteousExecutor
from safe_migrate.pipeline.run import Run
from safe_migrate.plan import targets


def load(run: Run) -> CourteousExecutor:
    """The run's executor with its loader, read from files and database on the first call."""
    if run.executor is None:
        run.executor = CourteousExecutor(run.connection)
    return run.executor


def resolve(run: Run) -> None:
    """Set the run's targets and what is pending. Raises UsageError for unknown names."""
    executor = load(run)
    options = run.options
    run.targets = targets.resolve(
        executor.loader, options.app_label, options.migration_name, run_syncdb=options.run_syncdb
    )
    run.pending = executor.migration_plan(run.targets)


def refresh(run: Run) -> None:
    """Read the record of applied migrations again: another run may have ended meanwhile."""
    executor = load(run)
    if executor.recorder.applied_migrations().keys() != executor.loader.applied_migrations.keys():
        run.executor = None
        resolve(run)
