"""What every command of the tool shares: its options, its exit codes, its way of failing."""

import signal
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from safe_migrate import conf
from safe_migrate.errors import Exit, Refused, SafeMigrateError, Terminated
from safe_migrate.reports import json, text

EXIT_CODES = """\
exit codes: 0 done or nothing to do · 1 unexpected · 2 usage · 3 pending (--check, safe_status)
4 refused, nothing touched · 5 lock not obtained, safe to retry · 6 failed, database unchanged
7 failed, partly done: run again to resume · 8 backup failed, nothing migrated · 130/143 signals"""


class SafeCommand(BaseCommand):
    """A doorway: `run` returns the exit code or raises SafeMigrateError, which is shown here."""

    requires_system_checks: Any = "__all__"

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's, with the exit codes at the end of --help."""
        return super().create_parser(prog_name, subcommand, epilog=EXIT_CODES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """The options that all commands share."""
        parser.add_argument(
            "--env",
            metavar="NAME",
            help="The environment this is meant for; refused where the settings are another's.",
        )
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="Alias of the database; %(default)s unless given.",
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Never ask.",
        )
        parser.add_argument(
            "--format", choices=("text", "json"), default="text", help="How to print the result."
        )

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Run the checks of the database in hand, as `migrate` does."""
        return {**super().get_check_kwargs(options), "databases": [options["database"]]}

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; ends the process with the exit code unless that is 0."""
        try:
            with terminated_like_interrupted():
                require_environment(options.get("env"))
                code = self.run(**options)
        except SafeMigrateError as error:
            code = self.fail(error, options["format"])
        except ImproperlyConfigured as error:
            code = self.fail(_misconfigured(error), options["format"])
        except KeyboardInterrupt as error:
            code = Exit.TERMINATED if isinstance(error, Terminated) else Exit.INTERRUPTED
            self.stderr.write("Interrupted. The transaction in hand was rolled back.")
        if code is not Exit.DONE:
            raise SystemExit(int(code))

    def run(self, **options: Any) -> Exit:
        """What the command does."""
        raise NotImplementedError

    def fail(self, error: SafeMigrateError, form: str) -> Exit:
        """Show a failure: on stdout as JSON where that was asked for, on stderr as text."""
        if form == "json":
            self.stdout.write(json.failure(error))
        else:
            self.stderr.write(text.render_failure(error), lambda line: line)
        return error.exit


def require_environment(name: str | None) -> None:
    """--env in a project whose manage.py does not take it: an assertion. Raises Refused."""
    environment = conf.read().environment.value
    if name and name != environment:
        raise Refused(
            "SM-E112",
            f"--env says {name!r}, but these settings are for {environment!r}.",
            next=f"Use the settings of {name}: --settings or DJANGO_SETTINGS_MODULE.",
        )


def _misconfigured(error: ImproperlyConfigured) -> Refused:
    return Refused("SM-E113", str(error), next="python manage.py check")


def seconds(value: str) -> float:
    """An argparse type: a number of seconds, at least 0."""
    try:
        number = float(value)
    except ValueError:
        raise ArgumentTypeError(f"{value!r} is not a number of seconds") from None
    if number < 0:
        raise ArgumentTypeError("a number of seconds cannot be negative")
    return number


def duration(value: str) -> float:
    """An argparse type: a number with its unit (26h, 90min, 2d, 30s), in seconds, above 0."""
    units = {"min": 60, "s": 1, "h": 3600, "d": 86_400}
    unit = next((unit for unit in units if value.endswith(unit)), "")
    try:
        number = float(value.removesuffix(unit)) * units[unit]
    except (KeyError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{value!r} is not a duration: 26h, 90min, 2d or 30s")
    return number


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM raises where Ctrl-C would, so that statements are cancelled and locks released."""

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # not the main thread: whoever runs us there has signals of its own
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
