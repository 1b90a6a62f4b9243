"""A backup as a file of SQL: whole and right, or not there."""

from collections.abc import Iterator
from pathlib import Path

from safe_migrate.backups import store
from safe_migrate.backups.manifest import DUMP, Manifest
from safe_migrate.backups.restore import script
from safe_migrate.errors import Failed, Refused
from safe_migrate.postgres.tools import Client


def pieces(manifest: Manifest, client: Client) -> Iterator[bytes]:
    """The SQL. Its end is reached only where every byte of the archive was right.

    Raises Refused (SM-B401) for a backup that holds no data, and what script.printed raises.
    """
    if manifest.kind != DUMP:
        raise Refused(
            "SM-B401",
            f"{manifest.id} is a {manifest.kind}: it holds no data that could be written as SQL.",
            next=(f"Follow the recipe in {manifest.data}.", "python manage.py safe_backup list"),
        )
    return script.printed(manifest, client, ["--file=-"])


def to_file(manifest: Manifest, client: Client, path: Path) -> int:
    """Write it, for us alone to read; returns the bytes. Nothing remains where it fails.

    Raises Failed (SM-B416) where the file cannot be written, Refused (SM-B417) where it is there.
    """
    if path.exists():
        raise Refused(
            "SM-B417",
            f"{path} is there already.",
            next="Give --output a name that is free, or remove the file.",
        )
    size = 0
    try:
        with store.partial(path.parent, path.name) as (file, partial):
            for piece in pieces(manifest, client):
                file.write(piece)
                size += len(piece)
            store.sync(file)
            partial.rename(path)
        store.sync_folder(path.parent)
    except OSError as error:
        raise Failed(
            "SM-B416",
            f"{path} could not be written: {error.strerror}.",
            state="The database was not touched; no file remains.",
            next="Give --output a folder with more room.",
        ) from error
    return size
