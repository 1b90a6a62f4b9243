"""`safe_backup create`: one backup, verified."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from safe_migrate.backups import verify
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline import backup, identify
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Level
from safe_migrate.postgres import tools
from safe_migrate.reports import backup_text, json

NAME = "create"
HELP = "Make a backup of the database and verify it."
SCHEMA = "safe_migrate.backup/1"


def add_arguments(parser: ArgumentParser) -> None:
    """How far to verify it."""
    parser.add_argument(
        "--level", choices=tuple(Level), help="How far to verify it; the policy's BACKUP_LEVEL."
    )


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """The environment is compared with the stamp first: a backup carries its name."""
    identify.perform(run)
    manifest, recipe = backup.make(run, [])
    wanted = Level(options["level"] or run.conf.policy.backup_level)
    level = verify.attainable(manifest, wanted)
    client = tools.find_client(run.conf.pg_bin, manifest.server_major)
    verify.verify(manifest, level, client, verify.How(connection=run.connection))
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "level": level.value}
        command.stdout.write(json.render({**document, "manifest": asdict(manifest)}))
    else:
        lines = [backup_text.created(manifest, level), *([recipe] if recipe else [])]
        command.stdout.write("\n".join(lines))
    return Exit.DONE
