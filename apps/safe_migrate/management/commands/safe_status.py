"""`manage.py safe_status`: where the database stands. Writes nothing."""

import time
from typing import Any

from django.core.management.base import CommandParser
from django.db import connections

from safe_migrate import conf
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand, duration, seconds
from safe_migrate.pipeline import graph, status
from safe_migrate.pipeline.run import Options, Run
from safe_migrate.postgres import reach
from safe_migrate.reports import json, status_text

POLL_SECONDS = 1.0


class Command(SafeCommand):
    """Exit code 0 where nothing is pending, 3 where something is, 8 for too old a backup."""

    help = "Show what is applied, pending, failed or edited, the last run and the last backup."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to show, and whether to wait for it."""
        super().add_arguments(parser)
        parser.add_argument("app_label", nargs="?", default="", help="Only this app.")
        parser.add_argument(
            "--history",
            nargs="?",
            type=int,
            const=10,
            default=0,
            metavar="N",
            help="Also the last N runs (10).",
        )
        parser.add_argument(
            "--wait-until-applied",
            type=seconds,
            metavar="SECONDS",
            help="Wait until nothing is pending: for containers of the application.",
        )
        parser.add_argument(
            "--max-backup-age",
            type=duration,
            metavar="AGE",
            help="Exit with 8 where no verified backup is younger than this: 26h, 90min, 2d.",
        )

    def run(self, **options: Any) -> Exit:
        """Look once, or until nothing is pending."""
        run = Run(
            conf=conf.read(),
            connection=connections[options["database"]],
            options=Options(app_label=options["app_label"] or ""),
        )
        with run.stack:
            url = run.conf.migration_urls.get(run.connection.alias)
            run.session = reach.connect(run.connection, url)
            run.stack.callback(run.session.close)
            if options["wait_until_applied"] is not None:
                _wait(run, options["wait_until_applied"])
            found = status.collect(run, history_limit=options["history"])
        limit = options["max_backup_age"]
        problem = None if limit is None else status.require_backup(found, limit)
        if options["format"] == "json":
            self.stdout.write(json.render(found))
        else:
            self.stdout.write(status_text.render(found))
            if problem:
                self.fail(problem, "text")
        return Exit(found["exit_code"])


def _wait(run: Run, limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    while True:
        run.executor = None
        graph.resolve(run)
        if not run.pending or time.monotonic() >= deadline:
            return
        time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
