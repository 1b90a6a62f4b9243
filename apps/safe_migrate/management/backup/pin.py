"""`safe_backup pin`: keep a backup, whatever the rules of retention say."""

from argparse import ArgumentParser
from typing import Any

from safe_migrate.backups import pins
from safe_migrate.errors import Exit
from safe_migrate.management.backup.verify import required
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.reports import backup_text, json

NAME = "pin"
HELP = "Keep a backup until `safe_backup unpin`, whatever the rules of retention say."
SCHEMA = "safe_migrate.pin/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Which one, and why."""
    parser.add_argument("id", metavar="ID", help="This backup.")
    parser.add_argument("--reason", required=True, help="Why; shown wherever it is listed.")


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """A pin of an earlier run becomes a person's."""
    manifest = required(options["id"])
    pins.pin(manifest.id, options["reason"])
    report(command, manifest.id, options["reason"], options["format"])
    return Exit.DONE


def report(command: SafeCommand, identifier: str, reason: str | None, form: str) -> None:
    """What holds the backup now, None for nothing."""
    if form == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "id": identifier}
        command.stdout.write(json.render(document | {"pinned": reason}))
    else:
        command.stdout.write(backup_text.pinned(identifier, reason))
