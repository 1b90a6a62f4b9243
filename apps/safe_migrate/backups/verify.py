"""Proof that a stored backup is good: re-hashed, read to its end, or restored and compared.

`pg_restore --list` proves nothing: it reads the head alone and accepted 60 of 60 damaged archives.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from safe_migrate import conf
from safe_migrate.backups import archive, dump, parts, scratch, store
from safe_migrate.backups.manifest import RESTORE_POINT, VERIFIED_SUFFIX, Manifest, seal_of
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import tools


def attainable(manifest: Manifest, level: Level) -> Level:
    """How far it will be verified: of a restore point only the recipe can be re-read.

    Raises BackupFailed (SM-B622) for `restored`, which must not be shown for less.
    """
    if manifest.kind != RESTORE_POINT:
        return level
    if level is Level.RESTORED:
        raise BackupFailed(
            "SM-B622",
            f"{manifest.id} is a restore point: only a recovery of the whole cluster proves it.",
            next=(f"Follow the recipe in {manifest.data}.", "python manage.py safe_backup list"),
        )
    return Level.STORED


BAD = ("SM-B301", "SM-B302", "SM-B308", "SM-B312")
"""What is wrong with a backup itself, not with where it was looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """How a backup is verified to the level `restored`."""

    connection: BaseDatabaseWrapper
    scratch_url: str | None = None
    """The server to restore on; None for the setting's, the database's own or an embedded one."""
    fingerprint: bool = False
    """Compare the rows themselves, by the manifest's fingerprints."""


def verify(manifest: Manifest, level: Level, client: tools.Client, how: How) -> None:
    """Read the stored data once, hashing it, and go as far as `level` says.

    Records level and time in the sidecar beside the manifest, also that the backup is bad. Raises
    BackupFailed: other bytes than were dumped (SM-B301), an archive that cannot be read (SM-B302,
    SM-B308), a storage that fails (SM-B303), no key to read it with (SM-B307), no fingerprints to
    compare (SM-B309), and what scratch.prove raises.
    """
    if how.fingerprint and not manifest.fingerprints:
        raise BackupFailed(
            "SM-B309",
            f"{manifest.id} was made without fingerprints.",
            next="Set SAFE_MIGRATE['POLICY']['BACKUP_FINGERPRINT'] for the backups to come.",
        )
    try:
        _examine(manifest, level, client, how)
    except OSError as error:
        raise BackupFailed(
            "SM-B303",
            f"{store.describe(manifest.data)} cannot be read back: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
    except BackupFailed as error:
        if error.code in BAD:
            with suppress(BackupFailed):
                _write(manifest, {"failed": error.code, "level": None, "levels": {}})
        raise
    record(manifest, level)


def _examine(manifest: Manifest, level: Level, client: tools.Client, how: How) -> None:
    if level is Level.RESTORED:
        scratch.prove(
            manifest,
            client,
            connection=how.connection,
            url=how.scratch_url,
            fingerprint=how.fingerprint or bool(manifest.fingerprints),
        )
    elif level is Level.READABLE and not (manifest.read_back and not archive.can_read(manifest)):
        _read(manifest, client)
    elif parts.is_one(manifest):
        parts.check(manifest)
    else:
        # What cannot be decrypted here, pg_restore has read before it was encrypted.
        for _ in archive.stored(manifest):
            pass


def _read(manifest: Manifest, client: tools.Client) -> None:
    if parts.is_one(manifest):
        with parts.checked(manifest) as folder, dump.reading(client, str(folder)) as program:
            ended = program.end()
        if ended.code != 0:
            raise dump.unreadable(str(folder), ended)
        return
    with dump.reading(client) as program:
        for chunk in archive.read(manifest):
            program.feed(chunk)
        ended = program.end()
    if ended.code != 0:
        raise dump.unreadable(store.describe(manifest.data), ended)


def record(manifest: Manifest, level: Level) -> None:
    """Write the sidecar: how far this backup was verified, and when each level was reached (UTC).

    A weaker verification later does not take away what a stronger one has shown. Raises
    BackupFailed (SM-B305) where it cannot be stored.
    """
    reached = {**store.verified(manifest).get("levels", {}), level.value: _now()}
    highest = max(reached, key=list(Level).index)
    _write(manifest, {"level": highest, "at": reached[highest], "levels": reached})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(manifest: Manifest, found: dict[str, Any]) -> None:
    record = {"at": _now(), **found, "sha256": manifest.sha256}
    record["seal"] = seal_of(record, conf.read().manifest_key)
    text = json.dumps(record)
    try:
        store.write_text(manifest.id + VERIFIED_SUFFIX, text + "\n")
    except Exception as error:  # each kind of bucket raises its own
        raise BackupFailed(
            "SM-B305",
            f"{manifest.id} is verified, but that cannot be recorded: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
