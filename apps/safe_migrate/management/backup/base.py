"""`safe_backup base`: a copy of the whole cluster, which restore points start from."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from safe_migrate.backups.base import take
from safe_migrate.backups.base.notes import Kind
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline import identify
from safe_migrate.pipeline.run import Run
from safe_migrate.reports import base_text, json

NAME = "base"
HELP = "Copy the whole cluster into BASE_BACKUP_DIR with pg_basebackup, and verify the copy."
SCHEMA = "safe_migrate.base_backup/1"


def add_arguments(parser: ArgumentParser) -> None:
    """How much to copy, and how gently."""
    parser.add_argument(
        "--incremental",
        action="store_true",
        help="Only what changed since the newest base backup (PostgreSQL 17 and newer).",
    )
    parser.add_argument(
        "--fast", action="store_true", help="Have the server checkpoint at once, not spread out."
    )


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """The environment is compared with the stamp first: a base backup carries its name."""
    identify.perform(run)
    kind = Kind.INCREMENTAL if options["incremental"] else Kind.FULL
    base, folders = take.take(run.connection, kind, fast=options["fast"])
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0}
        paths = [str(folder) for folder in folders]
        command.stdout.write(json.render({**document, "base": asdict(base), "folders": paths}))
    else:
        command.stdout.write(base_text.taken(base, folders))
    return Exit.DONE
