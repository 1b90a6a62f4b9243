"""The order of an undo: reach, ask, lock, swap back; and what is kept for one."""

from collections.abc import Callable
from typing import Any

import psycopg

from safe_migrate.backups.restore import into_new, leftovers
from safe_migrate.backups.restore.job import Restored
from safe_migrate.errors import Refused
from safe_migrate.pipeline import going_back
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import databases, marks
from safe_migrate.postgres.marks import Marked, Role

COMMAND = "python manage.py safe_backup undo"


def kept(run: Run) -> list[dict[str, Any]]:
    """The databases that were put aside, newest first. Writes nothing."""
    own, _ = going_back.reach_server(run)
    return [_as_data(known) for known in _kept(own, going_back.name_of(run))]


def undo(run: Run, ask: Callable[[str], None]) -> Restored:
    """Swap the newest one back; the present database is put aside in its turn.

    Raises Refused (SM-B413) where none is kept, and as a restore does.
    """
    try:
        return _undo(run, ask)
    except psycopg.Error as error:
        raise going_back.ended(error) from error


def _undo(run: Run, ask: Callable[[str], None]) -> Restored:
    run.stage = "identify"
    own, here = going_back.reach_server(run)
    name = going_back.name_of(run)
    going_back.require_exchange(own, name, here, "ID")
    entered = going_back.enter(run, own, here)
    if not leftovers.closed_by_us(own, name):
        _newest(own, name)
    ask(name)
    run.stage = "lock"
    going_back.lock_both(run, own, entered, COMMAND)
    going_back.require_exchange(own, name, here, "ID")
    waiting = leftovers.clear(own, run.connection, name)
    incoming = waiting or _newest(own, name)
    if entered:
        run.session.close()
    run.stage = "swap"
    run.progress.stage("swap")
    done = into_new.exchange(own, incoming)
    return Restored(
        database=name,
        kept=done.kept,
        finished=waiting is not None,
        drain_seconds=done.drained_seconds,
        swap_seconds=done.renamed_seconds,
    )


def drop(run: Run, ask: Callable[[str], None]) -> list[dict[str, Any]]:
    """Drop every one that is kept; returns them."""
    try:
        own, here = going_back.reach_server(run)
        name = going_back.name_of(run)
        entered = going_back.enter(run, own, here)
        ask(name)
        going_back.lock_both(run, own, entered, f"{COMMAND} --drop")
        leftovers.clear(own, run.connection, name)
        found = _kept(own, name)
        for known in found:
            databases.drop(own, known.name)
    except psycopg.Error as error:
        raise going_back.ended(error) from error
    return [_as_data(known) for known in found]


def _kept(own: psycopg.Connection, database: str) -> list[Marked]:
    return [known for known in marks.of(own, database) if known.mark.role is Role.OLD]


def _newest(own: psycopg.Connection, database: str) -> Marked:
    found = _kept(own, database)
    if not found:
        raise Refused(
            "SM-B413",
            f"No database is kept that {database!r} could be undone to.",
            next="python manage.py safe_backup list",
        )
    return found[0]


def _as_data(known: Marked) -> dict[str, Any]:
    return {
        "name": known.name,
        "at": known.mark.at,
        "backup": known.mark.backup or None,
        "size": known.size,
    }
