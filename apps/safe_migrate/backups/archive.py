"""A backup's archive as pg_dump wrote it: fetched, decrypted and decompressed in one stream."""

from collections.abc import Generator, Iterator
from pathlib import Path

from safe_migrate import conf
from safe_migrate.backups import age, codec, store
from safe_migrate.backups.hashed import Hashed
from safe_migrate.backups.manifest import Manifest
from safe_migrate.errors import BackupFailed


def stored(manifest: Manifest) -> Iterator[bytes]:
    """The data as it is stored, compared with the manifest at its end.

    Raises OSError where the storage fails, BackupFailed (SM-B301) for other bytes than were dumped.
    """
    hashed = Hashed(store.chunks(manifest.data))
    yield from hashed
    if hashed.sha256 != manifest.sha256:
        raise BackupFailed(
            "SM-B301",
            f"{store.describe(manifest.data)} does not hold what was dumped: its SHA-256 is "
            f"{hashed.sha256[:16]}…, the manifest says {manifest.sha256[:16]}….",
            next=("Check the disk or bucket.", "python manage.py safe_migrate"),
        )


def read(manifest: Manifest) -> Generator[bytes, None, None]:
    """The archive, for pg_restore. Its end is reached only where every stored byte was right.

    So nothing that it was used for may be kept before. Raises what `stored` raises, and
    BackupFailed where it cannot be decrypted (SM-B313) or decompressed (SM-B308) or there is
    nothing to do it with (SM-B307).
    """
    chunks: Iterator[bytes] = stored(manifest)
    try:
        if manifest.encryption:
            chunks = age.decrypt(chunks, require_key(manifest))
        yield from codec.decompress(manifest.codec, chunks)
    except age.Undecryptable as error:
        raise _damaged(manifest) or BackupFailed(
            "SM-B313",
            f"{store.describe(manifest.data)} cannot be decrypted with {require_key(manifest)}: "
            f"{error}.",
            next="Set SAFE_MIGRATE['AGE_IDENTITY_FILE'] to the key that it was encrypted for.",
        ) from error
    except codec.Undecodable as error:
        raise _damaged(manifest) or BackupFailed(
            "SM-B308",
            f"{store.describe(manifest.data)} cannot be decompressed: {error}.",
            next=("python manage.py safe_backup create", "python manage.py safe_backup list"),
        ) from error
    except codec.MissingCodec as error:
        raise BackupFailed(
            "SM-B307",
            f"{store.describe(manifest.data)} cannot be read here: {error}.",
            next="pip install zstandard",
        ) from error


def can_read(manifest: Manifest) -> bool:
    """Whether this machine has the key that the archive is encrypted for."""
    return not manifest.encryption or conf.read().age_identity_file is not None


def require_key(manifest: Manifest) -> Path:
    """The identity file that the archive is decrypted with. Raises BackupFailed (SM-B307)."""
    identity = conf.read().age_identity_file
    if identity is None:
        raise BackupFailed(
            "SM-B307",
            f"{store.describe(manifest.data)} is encrypted, and there is no key here to read it.",
            next="Set SAFE_MIGRATE['AGE_IDENTITY_FILE'] to the file of the private key.",
        )
    return identity


def _damaged(manifest: Manifest) -> BackupFailed | None:
    """Other bytes than were dumped are the likelier reason, and are told by their own code."""
    try:
        for _ in stored(manifest):
            pass
    except BackupFailed as changed:
        return changed
    return None
