"""`safe_backup undo`: go back to the database that was there before the last restore."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from safe_migrate.errors import Exit
from safe_migrate.management.backup.restore import CAREFUL, SCHEMA, add_shared, require_confirmed
from safe_migrate.management.base import SafeCommand
from safe_migrate.pipeline import record, undo
from safe_migrate.pipeline.run import Options, Run
from safe_migrate.reports import json, restore_text

NAME = "undo"
HELP = "Swap the database that the last restore put aside back, or drop what is kept."
KEPT_SCHEMA = "safe_migrate.kept/1"


def add_arguments(parser: ArgumentParser) -> None:
    """Swap back unless told to look or to clear away."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="Show what is kept; change nothing.")
    what.add_argument("--drop", action="store_true", help="Drop what is kept: it costs disk space.")
    add_shared(parser)


def run(command: SafeCommand, run: Run, options: dict[str, Any]) -> Exit:
    """List, drop or swap."""
    run.options = Options(interactive=options["interactive"], wait_seconds=options["wait"])
    typed = run.conf.environment in CAREFUL

    def ask(database: str, action: str) -> None:
        require_confirmed(database, action, options, typed=typed)

    if options["list"]:
        _show(command, undo.kept(run), options["format"])
        return Exit.DONE
    with record.recorded(run, run.command):
        if options["drop"]:
            dropped = undo.drop(run, lambda name: ask(name, "Dropping what is kept of"))
        else:
            done = undo.undo(run, lambda name: ask(name, "Replacing"))
    if options["drop"]:
        _show(command, dropped, options["format"], "dropped")
        return Exit.DONE
    document = {"schema": SCHEMA, "ok": True, "exit_code": 0, "action": NAME, "backup": None}
    document |= {**asdict(done), "lost": None, "warnings": []}
    form = json.render if options["format"] == "json" else restore_text.restored
    command.stdout.write(form(document))
    return Exit.DONE


def _show(command: SafeCommand, known: list[dict[str, Any]], form: str, how: str = "kept") -> None:
    document = {"schema": KEPT_SCHEMA, "ok": True, "exit_code": 0, "what": how, "databases": known}
    text = restore_text.kept(known) if how == "kept" else f"Dropped: {len(known)}"
    command.stdout.write(json.render(document) if form == "json" else text)
