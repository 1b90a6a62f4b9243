"""`safe_backup prune`: delete the backups that no rule keeps."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from safe_migrate.backups import freshness, prune, retention, store
from safe_migrate.backups.manifest import moment_of
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.reports import backup_text, json

NAME = "prune"
HELP = "Show which backups of the database no rule keeps; with --apply, delete them."
SCHEMA = "safe_migrate.prune/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Whether to delete, and other rules than the policy's."""
    parser.add_argument("--apply", action="store_true", help="Delete what the table says.")
    for name in retention.NAMES:
        parser.add_argument(
            f"--keep-{name}",
            type=count,
            metavar="N",
            help=f"In place of the policy's KEEP_{name.upper()}.",
        )


def count(value: str) -> int:
    """An argparse type: a whole number of at least 0."""
    if not (value.isascii() and value.isdigit()):
        raise ArgumentTypeError(f"{value!r} is not a whole number of at least 0")
    return int(value)


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """Needs the storage alone: the database's name is the settings'."""
    environment = run.conf.environment.value
    database = freshness.database_of(run.conf, run.connection.alias)
    given = {name: options[f"keep_{name}"] for name in retention.NAMES}
    rules = retention.rules_of(run.conf.policy, **given)
    entries = prune.survey(environment, database, rules, datetime.now(UTC))
    listed = [describe(entry) for entry in entries]
    if options["format"] == "text":
        command.stdout.write(backup_text.pruned(environment, database, listed, options["apply"]))
    deleted: list[str] = []
    if options["apply"]:
        store.remove_debris()
        deleted = prune.delete(entries, _teller(command, options))
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "environment": environment}
        found = {"database": database, "backups": listed, "deleted": deleted}
        command.stdout.write(json.render(document | found))
    return Exit.DONE


def _teller(command: SafeCommand, options: dict[str, Any]) -> Any:
    def tell(identifier: str) -> None:
        if options["format"] == "text":
            command.stdout.write(f"deleting {identifier}")

    return tell


def describe(entry: prune.Entry) -> dict[str, Any]:
    """A verdict as data."""
    age = datetime.now(UTC) - moment_of(entry.verdict.id)
    return {
        "id": entry.verdict.id,
        "is_backup": entry.is_backup,
        "age_seconds": round(age.total_seconds()),
        "size": entry.size,
        "level": entry.level or None,
        "delete": entry.verdict.delete,
        "because": list(entry.verdict.because),
    }
