"""What a recovery starts from: one of our own base backups, or what BACKUP_HOOK names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from safe_migrate.backups.base import notes
from safe_migrate.backups.restore_point import hook, recipe
from safe_migrate.conf import Conf
from safe_migrate.errors import BackupFailed

BASE = "python manage.py safe_backup base"
AGAIN = "python manage.py safe_migrate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A base backup and the way from there."""

    name: str
    finished_at: datetime
    fetch: Sequence[str]
    """Lines of shell that put it into "$SIDE"."""
    restore_command: str
    remedy: str
    """How a newer one is made."""


def own(settings: Conf, system_identifier: str, before: datetime) -> Source:
    """The newest of ours that had ended before a moment.

    Raises BackupFailed where there is none (SM-B610) or no RESTORE_COMMAND is set (SM-B620).
    """
    folder = settings.base_backup_dir
    if folder is None:
        raise BackupFailed(
            "SM-B610",
            "No base backup is known: neither BASE_BACKUP_DIR nor BACKUP_HOOK is set, and a "
            "restore point is worth nothing without one.",
            next=("Set one of them in SAFE_MIGRATE: docs/point-in-time.md#the-base-backup", AGAIN),
        )
    chain = notes.newest(notes.known(folder), system_identifier, before)
    if not chain:
        raise BackupFailed(
            "SM-B610",
            f"No base backup of this cluster is in {folder}, and a restore point is worth nothing "
            "without one.",
            next=(BASE, AGAIN),
        )
    return Source(
        name=" + ".join(base.id for base in chain),
        finished_at=chain[-1].finished,
        fetch=recipe.copying([str(folder / base.id) for base in chain]),
        restore_command=_required(settings.restore_command),
        remedy=BASE,
    )


def asked(settings: Conf, variables: Mapping[str, str], secrets: Iterable[str]) -> Source:
    """What BACKUP_HOOK answers. Raises BackupFailed (SM-B608, SM-B609, SM-B620)."""
    answer = hook.ask(
        settings.backup_hook,
        variables,
        secrets=secrets,
        timeout_seconds=settings.policy.backup_timeout_seconds,
    )
    command = answer.restore_command or settings.restore_command
    return Source(
        name=answer.base_backup,
        finished_at=answer.finished_at,
        fetch=answer.recover or recipe.copying([answer.base_backup]),
        restore_command=command if answer.recover else _required(command),
        remedy="Have what BACKUP_HOOK asks make a base backup.",
    )


def require_age(source: Source, at: datetime, hours: float) -> None:
    """A restore point made `at` a moment needs a base backup that had ended, and not long ago.

    Raises BackupFailed (SM-B619). Pure.
    """
    age = at - source.finished_at
    if timedelta(0) <= age <= timedelta(hours=hours):
        return
    if age < timedelta(0):
        why = "ended after the restore point, so recovery cannot stop there"
    else:
        why = (
            f"ended {age / timedelta(hours=1):.1f} h ago, and BASE_BACKUP_MAX_AGE_HOURS is "
            f"{hours:g}"
        )
    raise BackupFailed(
        "SM-B619",
        f"The newest base backup, {source.name}, {why}.",
        next=(source.remedy, AGAIN),
    )


def _required(command: str) -> str:
    if not command:
        raise BackupFailed(
            "SM-B620",
            "It is not known how recovery fetches a file from the WAL archive: RESTORE_COMMAND is "
            "not set.",
            next=(
                "Set SAFE_MIGRATE['RESTORE_COMMAND'], for example 'cp /archive/%f %p'.",
                AGAIN,
            ),
        )
    return command
