"""`manage.py safe_reset`: a development or test database from nothing."""

import sys
from typing import Any

import psycopg
from django.core.management import call_command, get_commands
from django.core.management.base import CommandParser
from django.db import connections

from safe_migrate import conf
from safe_migrate.errors import Exit, Failed, Refused
from safe_migrate.management.base import SafeCommand
from safe_migrate.management.confirm import confirm
from safe_migrate.pipeline import identify, lock
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Environment, Policy
from safe_migrate.postgres import control, maintenance
from safe_migrate.postgres.replace import replace_with_empty
from safe_migrate.postgres.swap import SwapBlocked

DISPOSABLE = (Environment.DEVELOPMENT, Environment.TEST)


class Command(SafeCommand):
    """Refused elsewhere by the environment stored in the database, not only by the settings."""

    help = "Drop, create, migrate and seed the database: development and test only."

    def add_arguments(self, parser: CommandParser) -> None:
        """--noinput is enough here: what is dropped is a copy that can be made again."""
        super().add_arguments(parser)
        parser.add_argument("--confirm", metavar="DATABASE", help="The database's name, typed.")
        parser.add_argument("--no-seed", action="store_true", help="Leave the database unseeded.")

    def run(self, **options: Any) -> Exit:
        """Decide, confirm, replace, migrate, seed."""
        run = Run(conf=conf.read(), connection=connections[options["database"]])
        with run.stack:
            require_disposable(run.conf.policy, None)
            identify.perform(run)
            stamp = control.read_stamp(run.session)
            require_disposable(run.conf.policy, stamp.environment if stamp else None)
            database = run.session.info.dbname
            if options["interactive"] or options["confirm"]:
                confirm(
                    database, "Dropping", interactive=sys.stdin.isatty(), given=options["confirm"]
                )
            lock.obtain(run)
            _replace(run, database)
        run.connection.close()
        shared = {"database": options["database"], "interactive": False, "stdout": self.stdout}
        call_command("safe_migrate", verbosity=options["verbosity"], **shared)
        if "seed" in get_commands() and not options["no_seed"]:
            call_command("seed", verbosity=options["verbosity"], **shared)
        return Exit.DONE


def require_disposable(policy: Policy, stamped: Environment | None) -> None:
    """By settings and by stamp. Raises Refused (SM-E115)."""
    if not policy.reset_allowed or policy.environment not in DISPOSABLE:
        raise _refused(f"these settings are for {policy.environment.value!r}")
    if stamped is not None and stamped not in DISPOSABLE:
        raise _refused(f"the database is stamped {stamped.value!r}")


def _refused(because: str) -> Refused:
    return Refused(
        "SM-E115",
        f"Only a development or test database can be reset, and {because}.",
        next="python manage.py safe_status",
    )


def _replace(run: Run, database: str) -> None:
    run.connection.close()
    try:
        with maintenance.open_session(run.connection, "reset") as own:
            replace_with_empty(own, database)
    except (psycopg.Error, SwapBlocked) as error:
        raise Failed(
            "SM-R501",
            f"The database {database!r} could not be replaced: {str(error).strip()}",
            state="The old database is in its place.",
            next=("python manage.py safe_doctor", "python manage.py safe_reset"),
        ) from error
