"""`safe_backup unpin`: leave a backup to the rules of retention again."""

from argparse import ArgumentParser
from typing import Any

from safe_migrate.backups import pins
from safe_migrate.errors import Exit
from safe_migrate.management.backup import pin
from safe_migrate.management.backup.verify import required
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run

NAME = "unpin"
HELP = "Leave a backup to the rules of retention again."


def add_arguments(parser: ArgumentParser) -> None:
    """Which one."""
    parser.add_argument("id", metavar="ID", help="This backup.")


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """One that is not pinned is left as it is."""
    manifest = required(options["id"])
    pins.unpin(manifest.id)
    pin.report(command, manifest.id, None, options["format"])
    return Exit.DONE
