"""`manage.py seed`: fill a database of this environment with its seed data."""

import sys
from typing import Any

from django.core.management.base import CommandParser
from django.db import connections

from safe_migrate import conf as safe_migrate_conf
from safe_migrate.errors import Exit, UsageError
from safe_migrate.management.base import SafeCommand, seconds
from safe_migrate.management.confirm import confirm
from safe_migrate.reports import json
from safe_migrate.reports.progress import progress
from seeding import conf, report
from seeding.perform import perform
from seeding.plan import Plan
from seeding.run import Options, Run


class Command(SafeCommand):
    """Parse → build the run → perform → report → exit code."""

    help = (
        "Load reference fixtures and each app's seeds in one transaction. Never in production, "
        "but for --reference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to load, and what about what is there."""
        super().add_arguments(parser)
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="APP[.SEED]",
            help="Only this app's seeds or this seed, beside the reference rows; repeatable.",
        )
        for option, what in FLAGS.items():
            parser.add_argument(option, action="store_true", help=what)
        parser.add_argument("--confirm", metavar="DATABASE", help="The database's name, typed.")
        parser.add_argument(
            "--wait",
            type=seconds,
            metavar="SECONDS",
            help="How long to wait for another run to end; the policy's LOCK_WAIT_SECONDS.",
        )

    def run(self, **options: Any) -> Exit:
        """One run, or with --plan a look at what one would do."""
        run = Run(
            connection=connections[options["database"]],
            tool=safe_migrate_conf.read(),
            conf=conf.read(),
            options=_options(options),
            confirm=self._confirm(options),
        )
        with progress() as run.progress:
            perform(run)
        described = report.describe(run)
        if options["format"] == "json":
            self.stdout.write(json.render(described))
        elif options["verbosity"] > 0:
            self.stdout.write(report.render(described))
        return Exit.DONE

    def _confirm(self, options: dict[str, Any]) -> Any:
        def ask(plan: Plan, database: str) -> None:
            if not (options["interactive"] and sys.stdin.isatty()) and not options["confirm"]:
                return
            for table, rows in plan.empties.items():
                self.stderr.write(f"{rows:>12,}  {table}", lambda line: line)
            confirm(database, "Deleting these rows of", interactive=True, given=options["confirm"])

        return ask


FLAGS = {
    "--plan": "Show what would be loaded and why, and write nothing.",
    "--fresh": "First delete all rows of the tables that seeds have filled.",
    "--keep": "Keep the rows of seeds that have changed, and take them for the new ones.",
    "--reference": "Only the reference rows, which production needs too.",
}


def _options(given: dict[str, Any]) -> Options:
    clashing = [name for name in ("only", "fresh", "keep") if given["reference"] and given[name]]
    if given["fresh"] and given["keep"]:
        raise UsageError(
            "SD-111", "--fresh deletes the rows that --keep keeps.", next="One of both."
        )
    if clashing:
        raise UsageError(
            "SD-111",
            f"--reference loads reference rows alone: --{clashing[0]} has no meaning with it.",
            next="python manage.py seed --reference",
        )
    return Options(
        only=tuple(given["only"]),
        reference_only=given["reference"],
        fresh=given["fresh"],
        keep=given["keep"],
        looking=given["plan"],
        wait_seconds=given["wait"],
    )
