"""`manage.py safe_migrate`: in place of `migrate`."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser, no_translations
from django.db import connections
from django.utils.module_loading import module_has_submodule

from safe_migrate import conf, pipeline
from safe_migrate.errors import Exit, SafeMigrateError
from safe_migrate.facts import Silent
from safe_migrate.management.base import SafeCommand, seconds
from safe_migrate.pipeline import record
from safe_migrate.pipeline.run import BackupMode, Options, Run
from safe_migrate.pipeline.walk import walk
from safe_migrate.reports import json, plan_text, text
from safe_migrate.reports.progress import progress


class Command(SafeCommand):
    """Parse → build the run → walk the stages → report → exit code."""

    help = "Apply migrations: locked, planned, backed up, without holding anybody up, recorded."

    def add_arguments(self, parser: CommandParser) -> None:
        """Every argument of `migrate` with its meaning, --plan and --check with ours."""
        super().add_arguments(parser)
        parser.add_argument("app_label", nargs="?", default="", help="Only this app.")
        parser.add_argument(
            "migration_name", nargs="?", default="", help="Go to this migration; 'zero': to none."
        )
        for option, what in FLAGS.items():
            parser.add_argument(option, action="store_true", help=what)
        parser.add_argument(
            "--backup",
            choices=tuple(BackupMode),
            default=BackupMode.AUTO,
            help="auto: where the environment's policy requires one. Production refuses never.",
        )
        parser.add_argument(
            "--wait",
            type=seconds,
            metavar="SECONDS",
            help="How long to wait for another run to end; the policy's LOCK_WAIT_SECONDS.",
        )

        parser.add_argument(
            "--plan-id",
            default="",
            metavar="ID",
            help="Apply the plan that --plan showed with this id, and no other.",
        )

    @no_translations
    def run(self, **options: Any) -> Exit:
        """One run, or with --plan and --check a look at what one would do."""
        import_management_modules()
        looking = options["plan"] or options["check"]
        run = Run(
            conf=conf.read(),
            connection=connections[options["database"]],
            options=_options(options),
            stdout=self.stdout if options["format"] == "text" else self.stderr,
        )
        error: SafeMigrateError | KeyboardInterrupt | None = None
        shown = progress(colour=not options["no_color"]) if options["verbosity"] else Silent()
        try:
            with shown as run.progress, run.stack:
                if looking:
                    walk(run, pipeline.LOOKING)
                else:
                    with record.recorded(run):
                        walk(run, pipeline.STAGES)
        except (SafeMigrateError, KeyboardInterrupt) as raised:
            error = raised
        return self._report(run, error, options)

    def _report(self, run: Run, error: BaseException | None, options: dict[str, Any]) -> Exit:
        pending = options["check"] and run.pending and error is None
        code = Exit.PENDING if pending else record.exit_code(error)
        report = record.describe(run, error, code)
        if options["format"] == "json":
            self.stdout.write(json.render(report))
        elif isinstance(error, SafeMigrateError):
            return self.fail(error, "text")
        elif error:
            raise error
        elif options["verbosity"] > 0:
            self.stdout.write(_renderer(options)(report))
        return code


def _renderer(options: dict[str, Any]) -> Callable[[dict[str, Any]], str]:
    if options["plan"]:
        return plan_text.render_plan
    return text.render_pending if options["check"] else text.render_run


FLAGS = {
    "--fake": "Mark migrations as run without running them.",
    "--fake-initial": "Mark initial migrations as run where their tables exist.",
    "--plan": "Show what would be done, with its SQL and its dangers, and write nothing.",
    "--run-syncdb": "Create the tables of apps without migrations.",
    "--check": "Exit with 3 where something is pending, and write nothing.",
    "--prune": "Forget applied migrations of the app whose files are gone.",
}


def _options(given: dict[str, Any]) -> Options:
    return Options(
        app_label=given["app_label"] or "",
        migration_name=given["migration_name"] or "",
        interactive=given["interactive"],
        fake=given["fake"],
        fake_initial=given["fake_initial"],
        run_syncdb=given["run_syncdb"],
        prune=given["prune"],
        verbosity=given["verbosity"],
        backup=BackupMode(given["backup"]),
        wait_seconds=given["wait"],
        show_sql=given["plan"],
        plan_id=given["plan_id"],
    )


def import_management_modules() -> None:
    """As `migrate` does: apps connect their receivers of the migrate signals there."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "management"):
            import_module(".management", config.name)
