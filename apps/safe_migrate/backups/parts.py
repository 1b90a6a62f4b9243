"""A backup in pg_dump's directory format: many files, and one that lists them with their hashes.

The list is the backup's data file, in the form that `sha256sum --check` reads; so what the manifest
says of the list holds for all of them. In folders on this machine only: pg_dump writes the files
itself, several at a time (PostgreSQL manual, pg_dump, --jobs).
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safe_migrate.backups import archive, store
from safe_migrate.backups.manifest import DIRECTORY, DUMP, Manifest, folder_name
from safe_migrate.errors import BackupFailed, Refused

_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<folder>[^/]+)/(?P<name>[\w.-]+)", re.ASCII)


def require_possible(recipients: tuple[str, ...]) -> None:
    """Raises Refused where this storage or encryption needs one stream (SM-B705)."""
    why = "backups are encrypted" if recipients else ""
    if store.folder() is None:
        why = "the dbbackup storage is no folder on this machine"
    if why:
        raise Refused(
            "SM-B705",
            f"BACKUP_JOBS asks for pg_dump's directory format, but {why}.",
            next="Set SAFE_MIGRATE['POLICY']['BACKUP_JOBS'] to 1.",
        )


def listing(identifier: str, written: Path) -> Iterator[bytes]:
    """The list of what pg_dump has written, each file made ours alone."""
    written.chmod(0o700)
    for path in sorted(written.iterdir()):
        path.chmod(0o600)
        yield f"{_sha256(path)}  {folder_name(identifier)}/{path.name}\n".encode()
    store.sync_folder(written)


def size(manifest_id: str) -> int:
    """Bytes of all files of a backup in this format."""
    own = store.folder()
    files = (own / folder_name(manifest_id)).iterdir() if own else ()
    return sum(path.stat().st_size for path in files)


@contextmanager
def checked(manifest: Manifest) -> Iterator[Path]:
    """The folder, after every file in it was compared with the list, and that with the manifest.

    Raises OSError where the storage fails, BackupFailed (SM-B301) for other bytes than were dumped.
    """
    check(manifest)
    own = store.folder()
    if own is None:
        raise OSError("the dbbackup storage is no folder on this machine")
    yield own / folder_name(manifest.id)


def check(manifest: Manifest) -> None:
    """Raises what `checked` raises."""
    own = store.folder()
    text = b"".join(archive.stored(manifest)).decode()
    listed = {match["name"]: match["sha256"] for match in _LINE.finditer(text)}
    folder = (own or Path()) / folder_name(manifest.id)
    there = {path.name for path in folder.iterdir() if not path.is_symlink()}
    wrong = sorted(there ^ listed.keys())
    wrong += [
        name for name in sorted(there & listed.keys()) if _sha256(folder / name) != listed[name]
    ]
    if wrong:
        raise BackupFailed(
            "SM-B301",
            f"{folder} does not hold what was dumped: {', '.join(wrong[:5])}.",
            next=("Check the disk or bucket.", "python manage.py safe_migrate"),
        )


def delete(identifier: str) -> None:
    """Remove the folder of a backup, where there is one."""
    if own := store.folder():
        discard(own / folder_name(identifier))


def discard(folder: Path) -> None:
    """Remove what a failed dump left."""
    shutil.rmtree(folder, ignore_errors=True)


def is_one(manifest: Manifest) -> bool:
    """Whether a backup is in this format."""
    return manifest.kind == DUMP and manifest.format == DIRECTORY


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
