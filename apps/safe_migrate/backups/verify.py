"""Proof that a stored backup can be read: `stored` re-hashes it, `readable` reads it to its end.

`pg_restore --list` proves nothing: it reads the head alone and accepted 60 of 60 damaged archives.
"""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from safe_migrate.backups import store
from safe_migrate.backups.dump import CHUNK
from safe_migrate.backups.manifest import VERIFIED_SUFFIX, Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import tools


def verify(manifest: Manifest, level: Level, client: tools.Client) -> None:
    """Read the stored data once, hashing it and, for `readable`, passing it through pg_restore.

    Records level and time in the sidecar beside the manifest. Raises BackupFailed: other bytes than
    were dumped (SM-B301), an archive that cannot be read (SM-B302), a storage that fails (SM-B303).
    """
    digest = hashlib.sha256()
    try:
        if level is Level.READABLE:
            with _reading_archive(client, manifest) as process:
                for chunk in _chunks(manifest):
                    digest.update(chunk)
                    _feed(process, chunk)
        else:
            for chunk in _chunks(manifest):
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
    """Write the sidecar: how far this backup was verified, and when (UTC)."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = json.dumps({"level": level.value, "at": now, "sha256": manifest.sha256})
    store.write_text(manifest.id + VERIFIED_SUFFIX, text + "\n")


def _chunks(manifest: Manifest) -> Iterator[bytes]:
    with store.open_stored(manifest.data) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _feed(process: "subprocess.Popen[bytes]", chunk: bytes) -> None:
    """Hand on a piece; where pg_restore gave up, its exit code says so at the end."""
    assert process.stdin is not None  # noqa: S101 (it is a pipe)
    try:
        process.stdin.write(chunk)
    except BrokenPipeError:
        return


@contextmanager
def _reading_archive(
    client: tools.Client, manifest: Manifest
) -> Iterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryFile() as said:
        process = tools.start(
            [client.pg_restore, "--format=custom", "--file=/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield process
            assert process.stdin is not None  # noqa: S101 (it is a pipe)
            with suppress(BrokenPipeError):
                process.stdin.close()
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code != 0:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().splitlines() or ["no reason"]
            raise BackupFailed(
                "SM-B302",
                f"pg_restore cannot read {store.describe(manifest.data)} to its end: "
                f"{reason[0].removeprefix('pg_restore: ').removeprefix('error: ')}",
                next=("Check the disk or bucket.", "python manage.py safe_migrate"),
            )
