"""Pins: a file beside a backup that says why it stays, whatever the rules of retention say."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from safe_migrate.backups import store
from safe_migrate.backups.manifest import PIN_SUFFIX, environment_of
from safe_migrate.errors import BackupFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """Why a backup stays."""

    reason: str
    run: str = ""
    """The run that pinned it, until the next one succeeds; empty where a person did."""
    at: str = ""
    """When, in UTC."""


def pin(identifier: str, reason: str, run: str = "") -> None:
    """Keep a backup. An earlier pin of it is replaced.

    Raises BackupFailed (SM-B503) where the pin cannot be stored.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = json.dumps(asdict(Pin(reason=reason, run=run, at=now)))
    try:
        store.write_text(identifier + PIN_SUFFIX, text + "\n")
    except Exception as error:  # each kind of bucket raises its own
        raise BackupFailed(
            "SM-B503",
            f"{identifier} cannot be pinned: {error}.",
            next="python manage.py safe_doctor",
            state="The database was not touched.",
        ) from error


def unpin(identifier: str) -> None:
    """Leave a backup to the rules again. Raises what the storage raises."""
    store.delete(identifier + PIN_SUFFIX)


def read(identifier: str) -> Pin | None:
    """The pin of a backup, or None. One that cannot be read holds all the same."""
    name = identifier + PIN_SUFFIX
    if not store.storage().exists(name):
        return None
    try:
        given = json.loads(b"".join(store.chunks(name)))
        return Pin(reason=str(given["reason"]), run=str(given["run"]), at=str(given["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Pin(reason="for a reason that cannot be read")


def release(environment: str, database: str, *, but: str) -> list[str]:
    """Unpin what runs pinned of this database, but for one run's own; the identifiers unpinned.

    A person's pins stay. Raises what the storage raises.
    """
    released = []
    for identifier in _pinned(environment):
        found = read(identifier)
        if found is None or found.run in ("", but):
            continue
        manifest = store.read_manifest(identifier)
        if manifest is not None and manifest.database == database:
            unpin(identifier)
            released.append(identifier)
    return released


def _pinned(environment: str) -> list[str]:
    own = store.folder()
    names = store.storage().listdir("")[1] if own is None or own.is_dir() else []
    pinned = sorted(name.removesuffix(PIN_SUFFIX) for name in names if name.endswith(PIN_SUFFIX))
    return [identifier for identifier in pinned if environment_of(identifier) == environment]
