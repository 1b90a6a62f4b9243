"""`manage.py safe_backup ACTION`: what we can go back to."""

from argparse import SUPPRESS
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from safe_migrate import conf
from safe_migrate.errors import Exit
from safe_migrate.facts import Silent
from safe_migrate.management.backup import ACTIONS
from safe_migrate.management.base import EXIT_CODES, SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.reports.progress import progress

NAME = "safe_backup"


class Command(SafeCommand):
    """Parse → the action's own file → exit code."""

    help = "Make, list, verify and restore backups."
    # A mistake in the project's URLs is no reason not to back up or to go back.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One parser for each action; every one also takes the options that all commands share."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        shared = self._shared(parser.prog)
        for action in ACTIONS:
            own = actions.add_parser(
                action.NAME,
                parents=[shared],
                conflict_handler="resolve",
                help=action.HELP,
                description=action.HELP,
                epilog=EXIT_CODES,
            )
            super().add_arguments(own)
            action.add_arguments(own)

    def _shared(self, name: str) -> CommandParser:
        """Django's own options once more, so that they may also follow the action.

        Their defaults are the main parser's: here they would overwrite what was given before it.
        """
        parser = BaseCommand.create_parser(_Plain(), name, "")
        for option in parser._actions:
            option.default = SUPPRESS
        return parser

    def run(self, **options: Any) -> Exit:
        """Hand over to the action."""
        action = next(known for known in ACTIONS if options["action"] == known.NAME)
        database = options["database"]
        run = Run(
            conf=conf.read(), connection=connections[database], command=f"{NAME} {action.NAME}"
        )
        shown = progress(colour=not options["no_color"]) if options["verbosity"] else Silent()
        with shown as run.progress, run.stack:
            run.progress.stage(action.NAME)
            return action.run(self, run, options)


class _Plain(BaseCommand):
    """No options beyond Django's."""
