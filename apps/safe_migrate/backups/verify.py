"""Proof that a stored backup can be read: `stored` re-hashes it, `readable` reads it to its end.

`pg_restore --list` proves nothing: it reads the head alone and accepted 60 of 60 damaged archives.
"""

import json
from datetime import UTC, datetime

from safe_migrate.backups import archive, dump, store
from safe_migrate.backups.manifest import RESTORE_POINT, VERIFIED_SUFFIX, Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import tools


def attainable(manifest: Manifest, level: Level) -> Level:
    """How far it can be verified at most: of a restore point there is only its recipe to re-read."""
    return Level.STORED if manifest.kind == RESTORE_POINT else level


def verify(manifest: Manifest, level: Level, client: tools.Client) -> None:
    """Read the stored data once, hashing it and, for `readable`, passing it through pg_restore.

    Records level and time in the sidecar beside the manifest. Raises BackupFailed: other bytes than
    were dumped (SM-B301), an archive that cannot be read (SM-B302), a storage that fails (SM-B303),
    no key to read it with (SM-B307).
    """
    try:
        if level is Level.STORED:
            for _ in archive.stored(manifest):
                pass
        elif manifest.read_back and not archive.can_read(manifest):
            # pg_restore has read it before it was encrypted; the bytes are still the same.
            for _ in archive.stored(manifest):
                pass
        else:
            _read(manifest, client)
    except OSError as error:
        raise BackupFailed(
            "SM-B303",
            f"{store.describe(manifest.data)} cannot be read back: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
    record(manifest, level)


def _read(manifest: Manifest, client: tools.Client) -> None:
    with dump.reading(client) as program:
        for chunk in archive.read(manifest):
            program.feed(chunk)
        ended = program.end()
    if ended.code != 0:
        raise dump.unreadable(store.describe(manifest.data), ended)


def record(manifest: Manifest, level: Level) -> None:
    """Write the sidecar: how far this backup was verified, and when (UTC).

    Raises BackupFailed (SM-B305) where it cannot be stored.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = json.dumps({"level": level.value, "at": now, "sha256": manifest.sha256})
    try:
        store.write_text(manifest.id + VERIFIED_SUFFIX, text + "\n")
    except Exception as error:  # each kind of bucket raises its own
        raise BackupFailed(
            "SM-B305",
            f"{manifest.id} is verified, but that cannot be recorded: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
