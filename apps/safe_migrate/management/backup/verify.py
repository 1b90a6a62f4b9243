"""`safe_backup verify`: is what is stored still what was dumped, and does it restore?"""

import random
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from safe_migrate.backups import store, verify
from safe_migrate.backups.manifest import Manifest
from safe_migrate.errors import BackupFailed, Exit, UsageError
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline.run import Run
from safe_migrate.policy import Level
from safe_migrate.postgres import tools
from safe_migrate.reports import backup_text, json

NAME = "verify"
HELP = "Verify stored backups again; exit code 8 where one is not what was dumped."
SCHEMA = "safe_migrate.verification/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Which backups, and how far."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="This backup.")
    which.add_argument("--latest", action="store_true", help="The newest one.")
    which.add_argument(
        "--sample",
        type=percentage,
        metavar="N%",
        help="This share of all, at random, at least one.",
    )
    parser.add_argument(
        "--level", choices=tuple(Level), help="How far to verify; the policy's BACKUP_LEVEL."
    )
    parser.add_argument(
        "--scratch-url",
        metavar="URL",
        help="restored: restore on this server, as a role that may create databases.",
    )
    parser.add_argument(
        "--fingerprint",
        action="store_true",
        help="restored: compare the rows themselves; needs BACKUP_FINGERPRINT when it was made.",
    )


def percentage(value: str) -> float:
    """An argparse type: `10%` or `10`, above 0 and up to 100, as a fraction."""
    try:
        number = float(value.removesuffix("%")) / 100
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise ArgumentTypeError(f"{value!r} is not a percentage above 0 and up to 100")
    return number


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """Every chosen backup is looked at, also after one that is bad."""
    level = Level(options["level"] or run.conf.policy.backup_level)
    how = verify.How(
        connection=run.connection,
        scratch_url=options["scratch_url"],
        fingerprint=options["fingerprint"],
    )
    found: list[dict[str, Any]] = []
    for manifest in chosen(run, options):
        client = tools.find_client(run.conf.pg_bin, manifest.server_major)
        try:
            reached = verify.attainable(manifest, level)
            verify.verify(manifest, reached, client, how)
            found.append({"id": manifest.id, "level": reached.value, "code": "", "what": ""})
        except BackupFailed as error:
            found.append({"id": manifest.id, "level": None, "code": error.code, "what": error.what})
    bad = any(result["code"] for result in found)
    code = Exit.BACKUP_FAILED if bad else Exit.DONE
    if options["format"] == "json":
        document = {"schema": SCHEMA, "ok": not bad, "exit_code": int(code), "backups": found}
        command.stdout.write(json.render(document))
    else:
        command.stdout.write(backup_text.verified(found))
    return code


def chosen(run: Run, options: dict[str, Any]) -> list[Manifest]:
    """Raises UsageError (SM-U201) for an unknown backup, BackupFailed (SM-B306) for none at all."""
    if options.get("id"):
        return [required(options["id"])]
    known = list(store.backups(run.conf.environment.value))
    if not known:
        raise BackupFailed(
            "SM-B306",
            f"There is no backup of {run.conf.environment.value} in the storage.",
            next="python manage.py safe_backup create",
        )
    if options.get("latest"):
        return known[:1]
    count = max(1, round(len(known) * options["sample"]))
    return random.SystemRandom().sample(known, count)


def required(identifier: str) -> Manifest:
    """The backup of this name. Raises UsageError (SM-U201) where there is none that counts."""
    manifest = store.find(identifier)
    if manifest is None:
        raise UsageError(
            "SM-U201",
            f"There is no backup {identifier!r}: no such name, or no complete manifest beside it.",
            next="python manage.py safe_backup list",
        )
    return manifest
