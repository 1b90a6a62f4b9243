"""The actions of `safe_backup`: one file each, with NAME, HELP, add_arguments and run."""

from argparse import ArgumentParser
from typing import Any, Protocol

from safe_migrate.errors import Exit
from safe_migrate.management.backup import (
    base,
    create,
    export,
    listing,
    pin,
    prune,
    restore,
    undo,
    unpin,
    verify,
)
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run


class Action(Protocol):
    """What a module of this package is."""

    NAME: str
    HELP: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options that this action takes beyond the shared ones."""

    def run(self, command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
        """Do it; what is found goes to the command's stdout. Raises SafeMigrateError."""


ACTIONS: tuple[Action, ...] = (
    base,
    create,
    listing,
    verify,
    restore,
    undo,
    export,
    prune,
    pin,
    unpin,
)
