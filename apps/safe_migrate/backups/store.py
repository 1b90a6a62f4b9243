"""The `dbbackup` storage: where backups and reports of runs are, and how they get there whole."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.core.files.storage.handler import InvalidStorageError

from safe_migrate import conf
from safe_migrate.backups import manifest as manifests
from safe_migrate.backups.manifest import MANIFEST_SUFFIX, Manifest
from safe_migrate.errors import BackupFailed, Refused
from safe_migrate.policy import Level

ALIAS = "dbbackup"
PARTIAL_PREFIX = ".partial-"
FOLDER_SUFFIX = ".d"
RUNS = "runs"
CHUNK = 1 << 18


def storage() -> Storage:
    """The storage named `dbbackup`.

    Raises Refused (SM-B110) where there is none: django-dbbackup would then fall back to
    MEDIA_ROOT, which web servers publish.
    """
    try:
        return storages[ALIAS]
    except InvalidStorageError:
        raise Refused(
            "SM-B110",
            'settings.STORAGES has no storage named "dbbackup": backups would land in MEDIA_ROOT, '
            "which is served to the public.",
            next='Add "dbbackup" to settings.STORAGES (see docs/reference.md#storage).',
        ) from None


def folder() -> Path | None:
    """The storage's folder where it is one on this machine, else None."""
    own = storage()
    return Path(own.location) if isinstance(own, FileSystemStorage) else None


def describe(name: str) -> str:
    """Where a stored file is, for people."""
    own = folder()
    return str(own / name) if own else f"{ALIAS}:{name}"


def prepare() -> Path | None:
    """Make the folder, private to us, and prove that it can be written. Returns it.

    Raises Refused (SM-B111) with the system's reason.
    """
    own = folder()
    if own is None:
        return None
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A name of its own: one that a kill left, or another run's, is not in the way.
        with partial(own, f"probe-{secrets.token_hex(4)}") as (_, path):
            path.unlink()
    except OSError as error:
        raise Refused(
            "SM-B111",
            f"The backup folder {own} cannot be written: {error.strerror}.",
            next=(f"chown {os.geteuid()} {own} && chmod 700 {own}", "Or set BACKUP_DIR."),
        ) from error
    return own


def free_bytes() -> int | None:
    """Free bytes where backups go; None where that cannot be known (a bucket)."""
    own = folder()
    if own is None:
        return None
    existing = next(path for path in (own, *own.parents) if path.exists())
    return shutil.disk_usage(existing).free


@contextmanager
def partial(where: Path, name: str) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file under a partial name, ours alone, locked while we live; removed on failure."""
    path = where / f"{PARTIAL_PREFIX}{name}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield file, path
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def partial_folder(where: Path, name: str) -> Path:
    """Where a program may write many files, while the partial file of this name is held."""
    return where / f"{PARTIAL_PREFIX}{name}{FOLDER_SUFFIX}"


def remove_debris() -> list[str]:
    """Delete partial files whose writer is gone (a `kill -9`); the names deleted."""
    own = folder()
    removed = []
    found = list(own.glob(f"{PARTIAL_PREFIX}*")) if own else []
    for path in found:
        if path.is_dir():
            continue
        try:
            # A link is none of ours, and what it points to is none of our business.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        except OSError:
            if not path.is_symlink():
                continue
            path.unlink(missing_ok=True)
        removed.append(path.name)
    for path in found:
        if path.is_dir() and not path.with_name(path.name.removesuffix(FOLDER_SUFFIX)).exists():
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return removed


def sync(file: IO[bytes]) -> None:
    """Have the file's bytes on the disk itself."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(own: Path) -> None:
    """Have the folder's entries on the disk itself, so that a rename outlives a power cut."""
    descriptor = os.open(own, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(name: str, text: str, *, replace: bool = True) -> None:
    """Store a small file whole or not at all; an existing one is replaced, or else refused.

    Raises OSError (FileExistsError without `replace`), or what the storage raises.
    """
    own = folder()
    if own is None:
        if replace and storage().exists(name):
            storage().delete(name)
        saved = storage().save(name, ContentFile(text.encode()))
        if saved != name:
            storage().delete(saved)
            raise FileExistsError(f"{name} exists already")
        return
    target = own / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with partial(target.parent, target.name) as (file, path):
        file.write(text.encode())
        sync(file)
        if replace:
            path.rename(target)
        else:
            os.link(path, target)
            path.unlink()
    sync_folder(target.parent)


def taken(identifier: str, data: str) -> bool:
    """Whether the storage has a backup of this name, finished or not."""
    names = (identifier + MANIFEST_SUFFIX, data, PARTIAL_PREFIX + identifier)
    return any(storage().exists(name) for name in names)


def delete(name: str) -> None:
    """Remove a stored file; one that is not there is as good."""
    storage().delete(name)


def chunks(name: str) -> Iterator[bytes]:
    """A stored file in pieces. Raises OSError, whatever kind of error the storage has."""
    try:
        own = storage()
        bucket: Any = getattr(own, "bucket", None)
        if bucket is not None and hasattr(bucket, "Object"):
            # What S3Storage opens is first copied as a whole, by default into memory.
            key = own._normalize_name(name)  # type: ignore[attr-defined]
            yield from bucket.Object(key).get()["Body"].iter_chunks(CHUNK)
            return
        with own.open(name, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def publish(manifest: Manifest) -> None:
    """Write the manifest of data that is stored already: from now on it is a backup.

    Raises BackupFailed where what is stored is not what was dumped or written (SM-B205), or another
    backup of this name is there (SM-B211).
    """
    own = folder()
    if own is not None:
        # FileSystemStorage gives FILE_UPLOAD_PERMISSIONS, which is meant for the public.
        (own / manifest.data).chmod(0o600)
        sync_folder(own)
    _compare(manifest)
    try:
        write_text(manifest.id + MANIFEST_SUFFIX, manifests.to_json(manifest), replace=False)
    except FileExistsError as error:
        raise BackupFailed(
            "SM-B211",
            f"The storage already holds another backup {manifest.id}.",
            next="python manage.py safe_migrate",
        ) from error
    given_back = read_manifest(manifest.id)
    if given_back is None or manifests.to_json(given_back) != manifests.to_json(manifest):
        raise BackupFailed(
            "SM-B205",
            f"The manifest of {manifest.id} was stored, but the storage does not give it back.",
            next="python manage.py safe_doctor",
        )


def _compare(manifest: Manifest) -> None:
    """The size, and after an upload the bytes as well: a rename cannot have changed them."""
    stored = storage().size(manifest.data) if storage().exists(manifest.data) else -1
    what = f"the storage holds {max(stored, 0)}"
    if stored == manifest.size and folder() is None:
        digest = hashlib.sha256()
        for chunk in chunks(manifest.data):
            digest.update(chunk)
        if digest.hexdigest() != manifest.sha256:
            stored, what = -1, "the storage gives back other ones"
    if stored != manifest.size:
        raise BackupFailed(
            "SM-B205",
            f"{manifest.data} was dumped with {manifest.size} bytes, but {what}.",
            next="python manage.py safe_doctor",
        )


def backups(environment: str) -> Iterator[Manifest]:
    """The environment's backups, newest first; files without a complete manifest do not exist."""
    own = folder()
    if own is not None and not own.is_dir():
        return
    names = storage().listdir("")[1]
    ids = (name.removesuffix(MANIFEST_SUFFIX) for name in names if name.endswith(MANIFEST_SUFFIX))
    for identifier in sorted(ids, reverse=True):
        if manifests.environment_of(identifier) == environment:
            manifest = read_manifest(identifier)
            if manifest is not None:
                yield manifest


def read_manifest(identifier: str) -> Manifest | None:
    """The manifest of a backup that exists: complete, its own, with its data beside it."""
    try:
        text = _read(identifier + MANIFEST_SUFFIX)
        manifest = manifests.from_json(text, conf.read().manifest_key)
        return manifest if manifest.id == identifier and _holds(manifest) else None
    except (manifests.NotAManifest, OSError, UnicodeDecodeError):
        return None


def _holds(manifest: Manifest) -> bool:
    """Whether the data is there, as a file of its own and of the right size."""
    own = folder()
    if own is not None and any(
        (own / name).is_symlink() for name in (manifest.data, manifest.id + MANIFEST_SUFFIX)
    ):
        return False
    held = storage().exists(manifest.data) and storage().size(manifest.data) == manifest.size
    if manifest.format != manifests.DIRECTORY:
        return held
    return held and own is not None and (own / manifests.folder_name(manifest.id)).is_dir()


def find(identifier: str) -> Manifest | None:
    """The backup of this name, whichever environment's; None for what is no identifier at all."""
    known = manifests.environment_of(identifier) is not None
    return read_manifest(identifier) if known else None


def verified(manifest: Manifest) -> dict[str, Any]:
    """The sidecar's record: level, time, time of each level; empty for none, or where it failed."""
    record = _record(manifest)
    known = record.get("level") in list(Level) and isinstance(record.get("levels"), dict)
    return record if known else {}


def failed(manifest: Manifest) -> str:
    """The code of what a verification found to be wrong with the backup; empty for nothing."""
    return str(_record(manifest).get("failed") or "")


def _record(manifest: Manifest) -> dict[str, Any]:
    """One whose seal is not that of its content is none: it says nothing of the backup."""
    try:
        record = json.loads(_read(manifest.id + manifests.VERIFIED_SUFFIX))
    except (OSError, ValueError):
        return {}
    same = (
        isinstance(record, dict)
        and record.get("sha256") == manifest.sha256
        and record.get("seal") == manifests.seal_of(record, conf.read().manifest_key)
    )
    return record if same else {}


def _read(name: str) -> str:
    return b"".join(chunks(name)).decode()
