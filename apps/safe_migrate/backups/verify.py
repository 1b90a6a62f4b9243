"""Proof that a stored backup can be read: `stored` re-hashes it, `readable` reads it to its end.

`pg_restore --list` proves nothing: it reads the head alone and accepted 60 of 60 damaged archives.
"""

import hashlib
import json
from datetime import UTC, datetime

from safe_migrate.backups import store
from safe_migrate.backups.manifest import VERIFIED_SUFFIX, Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import tools
from safe_migrate.postgres.program import Ended, Program


def verify(manifest: Manifest, level: Level, client: tools.Client) -> None:
    """Read the stored data once, hashing it and, for `readable`, passing it through pg_restore.

    Records level and time in the sidecar beside the manifest. Raises BackupFailed: other bytes than
    were dumped (SM-B301), an archive that cannot be read (SM-B302), a storage that fails (SM-B303).
    """
    digest = hashlib.sha256()
    try:
        if level is Level.READABLE:
            with _pg_restore(client) as program:
                for chunk in store.chunks(manifest.data):
                    digest.update(chunk)
                    program.feed(chunk)
                ended = program.end()
            if ended.code != 0:
                raise _unreadable(manifest, ended)
        else:
            for chunk in store.chunks(manifest.data):
                digest.update(chunk)
    except OSError as error:
        raise BackupFailed(
            "SM-B303",
            f"{store.describe(manifest.data)} cannot be read back: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
    if digest.hexdigest() != manifest.sha256:
        raise BackupFailed(
            "SM-B301",
            f"{store.describe(manifest.data)} does not hold what was dumped: its SHA-256 is "
            f"{digest.hexdigest()[:16]}…, the manifest says {manifest.sha256[:16]}….",
            next=("Check the disk or bucket.", "python manage.py safe_migrate"),
        )
    record(manifest, level)


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


def _pg_restore(client: tools.Client) -> Program:
    """Reads an archive to its end and throws away what it would have restored."""
    return Program([client.pg_restore, "--format=custom", "--file=/dev/null"], feeds=True)


def _unreadable(manifest: Manifest, ended: Ended) -> BackupFailed:
    return BackupFailed(
        "SM-B302",
        f"pg_restore cannot read {store.describe(manifest.data)} to its end: {ended.said}",
        next=("Check the disk or bucket.", "python manage.py safe_migrate"),
    )
