"""Stock django-dbbackup commands on our storage: what they may show, restore and delete of ours.

`dbrestore` drops what is there and fails half-way after the commonest migrations; `--clean` counts
files by a piece of their name, whether they are good or not, and another environment's among them.
"""

import logging
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from django.core.management.base import CommandError
from django.db import connections

from safe_migrate import conf
from safe_migrate.backups import store
from safe_migrate.backups.manifest import environment_of
from safe_migrate.errors import Refused

Filter = Callable[[str], bool]
LIST = "python manage.py safe_backup list"


def refuse_restore(sender: Any, database_name: str, filename: str, **kwargs: Any) -> None:
    """Receiver of dbbackup's pre_restore: refuses, with the command that restores this file.

    Databases other than PostgreSQL are none of ours. Raises CommandError with the text of SM-B504.
    """
    if connections[database_name].vendor == "postgresql":
        raise restore_refused(database_name, filename)


def restore_refused(database_name: str, filename: str) -> CommandError:
    """The refusal; `filename` is the file that was meant, or empty where it is not known."""
    why, remedy = _instead(filename)
    error = Refused(
        "SM-B504",
        f"dbrestore restores over the live database {database_name!r} and cannot be undone. {why}",
        next=remedy,
    )
    # A stock command shows a CommandError without a traceback and ends with its code.
    return CommandError(
        "\n".join(
            (
                f"{error.code}  {error.what}",
                f"State:  {error.state}",
                f"Lost:   {error.lost}",
                *(f"Next:   {command}" for command in error.next),
                f"More:   {error.docs}",
            )
        ),
        returncode=int(error.exit),
    )


def _instead(filename: str) -> tuple[str, tuple[str, ...]]:
    """What the file is, and what to do in place of dbrestore."""
    identifier = PurePath(filename).name.partition(".")[0]
    environment = environment_of(identifier)
    if environment is None:
        return (
            "Only backups with a manifest are restored.",
            (LIST, "A dump of another tool: docs/backups.md#restore-without-the-tool"),
        )
    if environment != conf.read().environment.value:
        return (
            f"{identifier} is a backup of {environment}, and these settings are for "
            f"{conf.read().environment.value}.",
            (LIST,),
        )
    if store.read_manifest(identifier) is None:
        return (
            f"{identifier} has no complete manifest in the storage: it is not a backup.",
            (LIST,),
        )
    return (
        "A restore goes into a new database, is compared with its manifest and swapped in.",
        (f"python manage.py safe_backup restore {identifier}",),
    )


def sparing_ours(keep: Filter) -> Filter:
    """dbbackup's CLEANUP_KEEP_FILTER, which also keeps every file of ours, of any environment.

    dbbackup asks it before it deletes a file, whichever of its commands was given `--clean`.
    """

    def keep_filter(name: str) -> bool:
        return _is_ours(name) or bool(keep(name))

    return keep_filter


def showing_backups_only(list_backups: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """dbbackup's Storage.list_backups, without the files of ours that are no backup's data.

    It goes by names alone: it shows what was cut short, and what has no manifest yet.
    """

    def listed(storage: Any, *args: Any, **kwargs: Any) -> list[str]:
        names = list_backups(storage, *args, **kwargs)
        return [name for name in names if not _is_ours(name) or _is_a_backup(name)]

    return listed


def _is_a_backup(name: str) -> bool:
    base = PurePath(name).name
    manifest = store.read_manifest(base.partition(".")[0])
    return manifest is not None and manifest.data == base and not store.failed(manifest)


def _is_ours(name: str) -> bool:
    base = PurePath(name).name.removeprefix(store.PARTIAL_PREFIX)
    return environment_of(base.partition(".")[0]) is not None


def say_what_clean_spares(sender: Any, storage: Any, **kwargs: Any) -> None:
    """Receiver of dbbackup's post_backup, which hands out the very object that will clean up.

    Nothing is raised: the next database of the same command still waits for its backup.
    """
    clean: Any = storage.clean_old_backups
    if "clean_old_backups" in vars(storage):
        return  # an earlier database of the same command came by

    def clean_and_say(*args: Any, **options: Any) -> None:
        logging.getLogger("dbbackup.command").warning(
            "--clean leaves backups with a manifest alone. "
            "Instead: python manage.py safe_backup prune --apply"
        )
        clean(*args, **options)

    storage.clean_old_backups = clean_and_say
