"""Walk the stages in their order."""

from collections.abc import Sequence
from types import ModuleType

import psycopg

from safe_migrate.pipeline import failures
from safe_migrate.pipeline.run import Run


def walk(run: Run, stages: Sequence[ModuleType]) -> None:
    """Perform each stage; the first failure ends the walk and is raised. The caller closes."""
    for stage in stages:
        run.stage = stage.NAME
        run.progress.stage(stage.NAME)
        try:
            stage.perform(run)
        except psycopg.errors.InsufficientPrivilege as error:
            raise failures.forbidden(run, error) from error
        except psycopg.OperationalError as error:
            raise failures.session_lost(run, error) from error
