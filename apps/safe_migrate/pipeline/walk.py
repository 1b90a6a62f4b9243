"""Walk the stages in their order."""

from collections.abc import Sequence
from types import ModuleType

from safe_migrate.pipeline.run import Run


def walk(run: Run, stages: Sequence[ModuleType]) -> None:
    """Perform each stage; the first failure ends the walk and is raised. The caller closes."""
    for stage in stages:
        run.stage = stage.NAME
        run.progress.stage(stage.NAME)
        stage.perform(run)
