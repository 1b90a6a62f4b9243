"""`safe_backup restore`: go back to a backup."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from safe_migrate.backups import create
from safe_migrate.backups.restore.plan import Accepted, Loss
from safe_migrate.errors import Exit
from safe_migrate.management.backup.verify import required
from safe_migrate.management.base import SafeCommand, seconds
from safe_migrate.management.confirm import confirm
from safe_migrate.pipeline import record, restore
from safe_migrate.pipeline.run import Options, Run
from safe_migrate.policy import Environment
from safe_migrate.reports import json, restore_text

NAME = "restore"
HELP = "Restore a backup into a new database and put it in the place of the present one."
SCHEMA = "safe_migrate.restore/1"
CAREFUL = (Environment.STAGING, Environment.PRODUCTION)


def add_arguments(parser: ArgumentParser) -> None:
    """What to restore, where to, and what is accepted by its name."""
    parser.add_argument("id", metavar="ID", help="The backup.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to", metavar="NEWDB", help="Beside: into a new database of this name.")
    where.add_argument(
        "--in-place",
        action="store_true",
        help="In one transaction into the present database, for a role without CREATEDB.",
    )
    parser.add_argument(
        "--from-environment",
        metavar="NAME",
        default="",
        choices=tuple(Environment),
        help="Accept a backup of this other environment; its data becomes this one's.",
    )
    parser.add_argument(
        "--origin", default="", help="Accept a backup of this other SERVER/DATABASE."
    )
    parser.add_argument(
        "--no-ownership",
        action="store_true",
        help="Everything belongs to the role that restores, and grants are left out.",
    )
    add_shared(parser)


def add_shared(parser: ArgumentParser) -> None:
    """What restore and undo both take."""
    parser.add_argument("--confirm", metavar="DATABASE", help="The database's name, typed.")
    parser.add_argument(
        "--wait",
        type=seconds,
        metavar="SECONDS",
        help="How long to wait for another run to end; the policy's LOCK_WAIT_SECONDS.",
    )


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """Decide, tell what would be lost, have it confirmed, lock, restore."""
    manifest = required(options["id"])
    run.options = Options(interactive=options["interactive"], wait_seconds=options["wait"])
    run.backup = create.as_fact(manifest)
    wanted = restore.Wanted(
        to=options["to"] or "",
        in_place=options["in_place"],
        accepted=Accepted(options["from_environment"], options["origin"]),
        ownership=not options["no_ownership"],
    )

    def ask(database: str, loss: Loss) -> None:
        command.stderr.write(restore_text.loss(database, loss), lambda line: line)
        typed = options["in_place"] or run.conf.environment in CAREFUL
        require_confirmed(database, "Replacing", options, typed=typed)

    with record.recorded(run, run.command):
        job, loss, done = restore.restore(run, manifest, wanted, ask)
    document = {
        **{"schema": SCHEMA, "ok": True, "exit_code": 0, "action": NAME, "backup": manifest.id},
        **asdict(done),
        **{"lost": asdict(loss), "warnings": job.warnings},
    }
    form = json.render if options["format"] == "json" else restore_text.restored
    command.stdout.write(form(document))
    return Exit.DONE


def require_confirmed(database: str, action: str, options: dict[str, Any], *, typed: bool) -> None:
    """Have the name typed; elsewhere than in staging and production --noinput will do.

    Raises Refused (SM-E114).
    """
    if typed or options["interactive"] or options["confirm"] is not None:
        confirm(database, action, interactive=options["interactive"], given=options["confirm"])
