"""`safe_backup list`: the backups of this environment."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from safe_migrate.backups import freshness, pins, store
from safe_migrate.backups.manifest import Manifest, moment_of
from safe_migrate.errors import Exit
from safe_migrate.management.base import SafeCommand, duration
from safe_migrate.pipeline.run import Run
from safe_migrate.reports import backup_text, json

NAME = "list"
HELP = "List the backups with their age, size and how far each was verified."
SCHEMA = "safe_migrate.backups/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Whether the newest must be young."""
    parser.add_argument(
        "--max-age",
        type=duration,
        metavar="AGE",
        help="Exit with 8 where no verified backup is younger than this: 26h, 90min, 2d.",
    )


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """Newest first. Needs the storage alone: it also works while the server is down."""
    environment = run.conf.environment.value
    found = [describe(manifest) for manifest in store.backups(environment)]
    problem = None
    if options["max_age"] is not None:
        newest = freshness.newest(environment)
        problem = freshness.problem(newest, environment, options["max_age"])
    if problem and options["format"] == "json":
        raise problem
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "backups": found}
        command.stdout.write(json.render(document))
    else:
        command.stdout.write(backup_text.listed(found))
    if problem:
        raise problem
    return Exit.DONE


def describe(manifest: Manifest) -> dict[str, Any]:
    """A backup as data."""
    record = store.verified(manifest)
    pin = pins.read(manifest.id)
    age = datetime.now(UTC) - moment_of(manifest.id)
    return {
        "id": manifest.id,
        "database": manifest.database,
        "created_at": manifest.created_at,
        "age_seconds": round(age.total_seconds()),
        "size": manifest.total_size,
        "rows": sum(manifest.rows.values()),
        "server_version": manifest.server_version,
        "level": record.get("level"),
        "verified_at": record.get("at"),
        "failed": store.failed(manifest) or None,
        "pinned": pin.reason if pin else None,
        "pending": manifest.pending,
    }
