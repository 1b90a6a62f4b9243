"""django-dbbackup's front, our dump: streamed, hashed on the way, whole or not there at all."""

import errno
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

from dbbackup.db.base import BaseDBConnector
from django.core.files.base import File
from psycopg.conninfo import conninfo_to_dict

from safe_migrate import conf
from safe_migrate.backups import age, codec, guard, parts, store
from safe_migrate.backups.codec import Pulled
from safe_migrate.backups.making import Making, Order
from safe_migrate.backups.manifest import (
    CUSTOM,
    DIRECTORY,
    DUMP,
    Manifest,
    data_name,
    folder_name,
    new_id,
)
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import session

CONNECTOR = "safe_migrate.backups.connector.SafeDumpConnector"


class StoredFile(File):  # type: ignore[type-arg]
    """A finished dump under its partial name; a FileSystemStorage publishes it by a rename."""

    def temporary_file_path(self) -> str:
        """Where Django's storage finds a file that it may move instead of copying."""
        return str(self.name)


class StreamedFile(File):  # type: ignore[type-arg]
    """A dump that is made while the storage reads it: nothing waits on a disk of ours."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__(cast(IO[bytes], Pulled(chunks)), name="stream")

    def __getattribute__(self, name: str) -> Any:
        """It has no size: dbbackup and storages ask only where there is one."""
        if name == "size":
            raise AttributeError(name)
        return super().__getattribute__(name)

    def seekable(self) -> bool:
        """False: boto3 then uploads in parts as they come."""
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        """dbbackup and Django go to the beginning before they read; we are there."""
        return 0

    def tell(self) -> int:
        """dbbackup logs what it takes for the size."""
        return 0

    def close(self) -> None:
        """Nothing is open but the stream, which ends with its reader."""


class SafeDumpConnector(BaseDBConnector):  # type: ignore[misc]
    """What `dbbackup` uses for PostgreSQL while safe_migrate is installed.

    Raises BackupFailed; the last one is kept in `failure`, since dbbackup's own error handling
    may hide it (its mail handler breaks on Django 6.1), and so may a bucket's.
    """

    schemas: list[str] = []  # noqa: RUF012 (dbbackup's own convention: copied per instance)
    identifier: str = ""
    data: str = ""
    """Name of the data file."""
    making: Making | None = None
    _chunks: Generator[bytes, None, None] | None = None
    failure: BackupFailed | None = None
    manifest: Manifest | None = None
    latest: "SafeDumpConnector | None" = None
    """The connector of this process's newest dump: dbbackup's command does not hand it out."""
    pending: Sequence[str] = ()
    """What the run in hand is about to apply; for the manifest."""
    watched: Callable[[int], None] = staticmethod(lambda size: None)
    """Told how many bytes there are, now and then."""

    def generate_filename(self, server_name: str | None = None) -> str:
        """`backup-{environment}-{UTC timestamp}.dump…`, never a name that is taken."""
        settings = conf.read()
        moment = datetime.now(UTC)
        while True:
            self.identifier = new_id(settings.environment.value, moment)
            self.data = data_name(
                self.identifier,
                kind=DUMP,
                codec=codec.choose(),
                encryption=age.NAME if settings.age_recipients else "",
                format=_format(settings),
            )
            if not store.taken(self.identifier, self.data):
                return self.data
            moment += timedelta(microseconds=1)

    @property
    def is_whole(self) -> bool:
        """False for a dump that leaves something out: it never gets a manifest."""
        return not self.exclude and not self.schemas

    def parameters(self) -> dict[str, Any]:
        """For libpq: BACKUP_DATABASE_URL's where set, else those of Django's connection."""
        url = conf.read().backup_urls.get(self.database_name)
        if url:
            return {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
        return session.connection_parameters(self.connection)

    def _create_dump(self) -> File:  # type: ignore[type-arg]
        type(self).latest = self
        try:
            return self._dump()
        except BackupFailed as error:
            self.failure = error
            raise

    def _dump(self) -> File:  # type: ignore[type-arg]
        where = store.prepare()
        self.making = Making(self._order(where))
        self._chunks = self._watch(self.making)
        if where is None:
            return StreamedFile(self._chunks)
        with ExitStack() as stack:
            if folder := self.making.order.folder:
                # Where it was published there is nothing left to discard.
                stack.callback(parts.discard, folder)
            stack.enter_context(closing(self._chunks))
            file, path = stack.enter_context(store.partial(where, self.identifier))
            _write(self._chunks, file)
            if folder:
                folder.rename(where / folder_name(self.identifier))
            # The same open file, so that its lock holds until it has its final name.
            return StoredFile(os.fdopen(os.dup(file.fileno()), "rb"), name=str(path))

    def stop(self) -> None:
        """End a dump whose reader has gone, with pg_dump and the snapshot."""
        if self._chunks is not None:
            self._chunks.close()

    def _watch(self, making: Making) -> Generator[bytes, None, None]:
        """The same pieces; a failure is kept, since a storage may put its own in its place."""
        try:
            for chunk in making:
                yield chunk
                type(self).watched(making.passed)
        except BackupFailed as error:
            self.failure = error
            raise

    def _order(self, where: Path | None) -> Order:
        settings = conf.read()
        age.require(settings.age_recipients)
        several = _format(settings) == DIRECTORY
        if several:
            parts.require_possible(settings.age_recipients)
        return Order(
            parameters=self.parameters(),
            policy=settings.policy,
            pg_bin=settings.pg_bin,
            codec=codec.GZIP if several else codec.choose(),
            recipients=settings.age_recipients,
            read_back=bool(settings.age_recipients and not settings.age_identity_file),
            options=self._options(settings),
            fingerprints=settings.policy.backup_fingerprint,
            identifier=self.identifier,
            folder=store.partial_folder(where, self.identifier) if several and where else None,
        )

    def _restore_dump(self, dump: Any) -> None:
        """What `dbrestore` does: into the live database, over what is there. Refused."""
        raise guard.restore_refused(self.database_name, "")

    def _options(self, settings: conf.Conf) -> list[str]:
        """What pg_dump is asked beyond the usual: another role, or to leave something out."""
        role = session.assumed_role(self.connection)
        own_url = self.database_name in settings.backup_urls
        roles = [f"--role={role}"] if role and not own_url else []
        tables = [f"--exclude-table-data={table}" for table in self.exclude]
        return [*roles, *tables, *(f"--schema={schema}" for schema in self.schemas)]


def _format(settings: conf.Conf) -> str:
    return DIRECTORY if settings.policy.backup_jobs > 1 else CUSTOM


def newest() -> SafeDumpConnector | None:
    """The connector of this process's newest dump, if there was one."""
    return SafeDumpConnector.latest


def _write(chunks: Iterable[bytes], file: IO[bytes]) -> None:
    """Have them on the disk itself. Raises BackupFailed (SM-B204) where there is no room."""
    size = 0
    for chunk in chunks:
        try:
            file.write(chunk)
        except OSError as error:
            raise _cannot_write(error, size) from error
        size += len(chunk)
    try:
        store.sync(file)
    except OSError as error:
        raise _cannot_write(error, size) from error


def _cannot_write(error: OSError, size: int) -> BackupFailed:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "The disk is full" if full else f"Writing failed ({error.strerror})"
    return BackupFailed(
        "SM-B204",
        f"{what} after {size} bytes of the backup; the partial file was removed.",
        next=(
            "Make room, or set BACKUP_DIR to a folder with more of it.",
            "python manage.py safe_migrate",
        ),
    )
