"""Retention carried out: what is in the storage is judged, and what no rule keeps is deleted."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from safe_migrate.backups import pins, retention, store
from safe_migrate.backups.manifest import MANIFEST_SUFFIX, PIN_SUFFIX, VERIFIED_SUFFIX, Manifest
from safe_migrate.backups.retention import Rules, Stored, Verdict
from safe_migrate.errors import FailedPartly

_SIDECARS = (MANIFEST_SUFFIX, PIN_SUFFIX, VERIFIED_SUFFIX, ".metadata")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A backup, or files that look like one, with what becomes of them."""

    verdict: Verdict
    names: tuple[str, ...]
    """Its files, in the order to delete them: the manifest last."""
    size: int
    """Bytes of its files."""
    level: str = ""
    """How far it was verified; empty where it was not, or is no backup."""
    is_backup: bool = True


def survey(environment: str, database: str, rules: Rules, now: datetime) -> list[Entry]:
    """Every backup of this database, newest first, then the environment's debris.

    Raises what the storage raises.
    """
    files = retention.by_identifier(_listed(), environment)
    manifests = {identifier: store.read_manifest(identifier) for identifier in files}
    backups: dict[str, dict[str, Stored]] = {}
    rest = []
    for identifier, names in files.items():
        manifest = manifests[identifier]
        if manifest is None:
            rest.append(_debris(identifier, names, now))
        elif manifest.database == database:
            # A restore point must not push out a dump, nor a dump a restore point.
            kind = backups.setdefault(manifest.kind, {})
            kind[identifier] = _stored(manifest, names)
    entries = [
        Entry(
            verdict=verdict,
            names=tuple(files[verdict.id]),
            size=_size(files[verdict.id]),
            level=kind[verdict.id].level,
        )
        for kind in backups.values()
        for verdict in retention.decide(kind.values(), rules, now)
    ]
    entries.sort(key=lambda entry: entry.verdict.id, reverse=True)
    return [*entries, *rest]


def delete(entries: Sequence[Entry], tell: Callable[[str], None]) -> list[str]:
    """Delete what the verdicts say; the identifiers deleted. Each name is told before it goes.

    A kill between data and manifest leaves a manifest without data, which is no backup and goes
    with the next run. Raises FailedPartly (SM-B501) where the storage refuses.
    """
    doomed = [entry for entry in entries if entry.verdict.delete]
    deleted: list[str] = []
    for entry in doomed:
        identifier = entry.verdict.id
        tell(identifier)
        try:
            # Somebody may have pinned it while we were reading.
            if pins.read(identifier) is None:
                for name in entry.names:
                    _delete(name)
                deleted.append(identifier)
        except Exception as error:  # each kind of bucket raises its own
            raise FailedPartly(
                "SM-B501",
                f"{identifier} could not be deleted: {error}. {len(deleted)} of {len(doomed)} were "
                "deleted before it.",
                next=("python manage.py safe_doctor", "python manage.py safe_backup prune --apply"),
                state="The database was not touched. Every backup that the rules keep is there.",
            ) from error
    if deleted and (own := store.folder()):
        store.sync_folder(own)
    return deleted


def _listed() -> list[str]:
    """Names at the top of the storage; those of folders (a dump in many files) end with a slash."""
    own = store.folder()
    if own is not None and not own.is_dir():
        return []
    folders, files = store.storage().listdir("")
    return [*files, *(f"{name.rstrip('/')}/" for name in folders)]


def _stored(manifest: Manifest, names: Sequence[str]) -> Stored:
    record = store.verified(manifest)
    held = _pinned(manifest.id, names)
    if not held and not record and manifest.id + VERIFIED_SUFFIX in names:
        held = "" if _is_known_bad(manifest) else "its record of verification cannot be read"
    return Stored(id=manifest.id, level=record.get("level") or "", held=held)


def _is_known_bad(manifest: Manifest) -> bool:
    """Whether a verification failed and said so; one that cannot be read may have been passed."""
    try:
        record = json.loads(b"".join(store.chunks(manifest.id + VERIFIED_SUFFIX)))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and bool(record.get("failed"))


def _pinned(identifier: str, names: Sequence[str]) -> str:
    pin = pins.read(identifier) if identifier + PIN_SUFFIX in names else None
    return f"pinned: {pin.reason}" if pin else ""


def _debris(identifier: str, names: Sequence[str], now: datetime) -> Entry:
    has_data = any(not name.endswith(_SIDECARS) for name in names)
    verdict = retention.debris(
        identifier,
        manifest=has_data and identifier + MANIFEST_SUFFIX in names,
        held=_pinned(identifier, names),
        now=now,
    )
    return Entry(verdict=verdict, names=tuple(names), size=_size(names), is_backup=False)


def _inside(name: str) -> list[str]:
    folders, files = store.storage().listdir(name)
    below = [inner for folder in folders for inner in _inside(f"{name}{folder.rstrip('/')}/")]
    return [*(name + file for file in files), *below]


def _size(names: Sequence[str]) -> int:
    files = [file for name in names for file in (_inside(name) if name.endswith("/") else [name])]
    return sum(map(_size_of, files))


def _size_of(name: str) -> int:
    try:
        return int(store.storage().size(name))
    except FileNotFoundError:  # another prune was faster
        return 0


def _delete(name: str) -> None:
    """Delete a file, or a folder with what is in it; one that is gone already is no error."""
    if name.endswith("/"):
        for inner in _inside(name):
            store.delete(inner)
    store.delete(name.rstrip("/"))
