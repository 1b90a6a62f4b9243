"""`manage.py safe_doctor`: what would stop a run, and what to do about it."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.db import connections

from safe_migrate import conf
from safe_migrate.errors import Exit, UsageError
from safe_migrate.facts import Grade
from safe_migrate.management.base import SafeCommand
from safe_migrate.management.confirm import confirm
from safe_migrate.pipeline import diagnose, graph, lock
from safe_migrate.pipeline.run import Options, Run
from safe_migrate.plan import identity
from safe_migrate.policy import Environment
from safe_migrate.postgres import control, reach
from safe_migrate.reports import json, text

SCHEMA = "safe_migrate.doctor/1"
POLICY_SCHEMA = "safe_migrate.policy/1"


class Command(SafeCommand):
    """Exit code 0 where a run would not be refused, else 4. Without an option writes nothing."""

    help = "Examine connection, rights, history, pg_dump, disk space; each with its remedy."
    # What is wrong with the settings is for the doctor to say, not a reason not to start.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The two things a person may decide about a database."""
        super().add_arguments(parser)
        parser.add_argument(
            "--stamp",
            choices=tuple(Environment),
            help="Stamp the database as this environment's, also a clone that has another's stamp.",
        )
        parser.add_argument("--confirm", metavar="DATABASE", help="The database's name, typed.")
        parser.add_argument(
            "--accept",
            metavar="APP.NAME",
            help="Take an edited migration as it is now for what was applied.",
        )
        parser.add_argument("--policy", action="store_true", help="Print the policy in force.")

    def run(self, **options: Any) -> Exit:
        """Examine, or do the one thing asked for."""
        run = Run(
            conf=conf.read(),
            connection=connections[options["database"]],
            options=Options(diagnose=True),
        )
        if options["policy"]:
            return self._policy(run, options["format"])
        with run.stack:
            if options["stamp"]:
                return self._stamp(run, options)
            if options["accept"]:
                return self._accept(run, options["accept"])
            return self._examine(run, options["format"])

    def _examine(self, run: Run, form: str) -> Exit:
        findings = diagnose.diagnose(run)
        failed = any(finding.grade is Grade.FAIL for finding in findings)
        code = Exit.REFUSED if failed else Exit.DONE
        if form == "json":
            document = {
                "schema": SCHEMA,
                "ok": code is Exit.DONE,
                "exit_code": int(code),
                "findings": [asdict(finding) for finding in findings],
            }
            self.stdout.write(json.render(document))
        else:
            self.stdout.write(text.render_findings(findings))
        return code

    def _policy(self, run: Run, form: str) -> Exit:
        policy = {name.upper(): value for name, value in asdict(run.conf.policy).items()}
        document = {"schema": POLICY_SCHEMA, "policy": policy}
        lines = (f"{name:<26}{value}" for name, value in policy.items())
        self.stdout.write(json.render(document) if form == "json" else "\n".join(lines))
        return Exit.DONE

    def _stamp(self, run: Run, options: dict[str, Any]) -> Exit:
        environment = Environment(options["stamp"])
        _connect(run)
        database = run.session.info.dbname
        confirm(
            database,
            f"Stamping as {environment.value}:",
            interactive=options["interactive"],
            given=options["confirm"],
        )
        lock.obtain(run)
        control.ensure(run.session)
        control.write_stamp(run.session, environment)
        self.stdout.write(f"The database {database!r} is now stamped {environment.value!r}.")
        return Exit.DONE

    def _accept(self, run: Run, name: str) -> Exit:
        _connect(run)
        app, _, rest = name.partition(".")
        key = (app, rest)
        migration = (graph.load(run).loader.disk_migrations or {}).get(key)
        if migration is None:
            raise UsageError(
                "SM-U106",
                f"There is no migration {name!r}: give it as APP.NAME.",
                next="python manage.py safe_status",
            )
        lock.obtain(run)
        control.ensure(run.session)
        control.write_checksums(run.session, {key: identity.checksum(migration)})
        self.stdout.write(f"{name} is taken as it is now.")
        return Exit.DONE


def _connect(run: Run) -> None:
    url = run.conf.migration_urls.get(run.connection.alias)
    run.session = reach.connect(run.connection, url)
    run.stack.callback(run.session.close)
