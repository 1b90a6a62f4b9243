"""`safe_backup export`: a backup as plain SQL, to read or to change; never the record copy."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from safe_migrate.backups.restore import export
from safe_migrate.errors import Exit
from safe_migrate.management.backup.verify import required
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import tools
from safe_migrate.reports import restore_text

NAME = "export"
HELP = "Write a backup as plain SQL, to read or to change."
STDOUT = "-"


def add_arguments(parser: ArgumentParser) -> None:
    """--format is the file's here, not that of the result."""
    parser.add_argument("id", metavar="ID", help="The backup.")
    parser.add_argument("--format", choices=("sql",), default="sql", help="Of the file.")
    parser.add_argument(
        "--output", metavar="FILE", help="Where to write it; - is stdout; ID.sql unless given."
    )


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """A file is there whole or not at all. Needs no server."""
    manifest = required(options["id"])
    client = tools.find_client(run.conf.pg_bin, manifest.server_major)
    if options["output"] == STDOUT:
        for piece in export.pieces(manifest, client):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return Exit.DONE
    path = Path(options["output"] or f"{manifest.id}.sql")
    size = export.to_file(manifest, client, path)
    command.stdout.write(restore_text.exported(str(path), size))
    return Exit.DONE
