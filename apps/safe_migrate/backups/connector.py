"""django-dbbackup's front, our dump: streamed, hashed on the way, whole or not there at all."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from dbbackup.db.base import BaseDBConnector
from django.core.files.base import File
from django.core.management.base import CommandError
from psycopg.conninfo import conninfo_to_dict

from safe_migrate import conf
from safe_migrate.backups import store
from safe_migrate.backups.dump import Dump, Dumped, write
from safe_migrate.backups.manifest import DATA_SUFFIX, Manifest, new_id
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Policy
from safe_migrate.postgres import catalog, session, snapshot, tools

CONNECTOR = "safe_migrate.backups.connector.SafeDumpConnector"


class StoredFile(File):  # type: ignore[type-arg]
    """A finished dump under its partial name; a FileSystemStorage publishes it by a rename."""

    def temporary_file_path(self) -> str:
        """Where Django's storage finds a file that it may move instead of copying."""
        return str(self.name)


class SafeDumpConnector(BaseDBConnector):  # type: ignore[misc]
    """What `dbbackup` uses for PostgreSQL while safe_migrate is installed.

    Raises BackupFailed; the last one is kept in `failure`, since dbbackup's own error handling
    may hide it (its mail handler breaks on Django 6.1).
    """

    extension = DATA_SUFFIX.removeprefix(".")
    schemas: list[str] = []  # noqa: RUF012 (dbbackup's own convention: copied per instance)
    dumped: Dumped | None = None
    identifier: str = ""
    failure: BackupFailed | None = None
    manifest: Manifest | None = None
    latest: "SafeDumpConnector | None" = None
    """The connector of this process's newest dump: dbbackup's command does not hand it out."""
    pending: Sequence[str] = ()
    """What the run in hand is about to apply; for the manifest."""

    def generate_filename(self, server_name: str | None = None) -> str:
        """`backup-{environment}-{UTC timestamp}.dump`."""
        environment = conf.read().environment.value
        self.identifier = new_id(environment, datetime.now(UTC))
        return self.identifier + DATA_SUFFIX

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

    def _create_dump(self) -> StoredFile:
        type(self).latest = self
        try:
            return self._dump()
        except BackupFailed as error:
            self.failure = error
            raise

    def _dump(self) -> StoredFile:
        where = store.prepare() or self._temporary_folder()
        settings = conf.read()
        with _connected(self.parameters(), settings.policy) as own:
            client = tools.find_client(settings.pg_bin, own.info.server_version // 10000)
            with snapshot.exported(own) as contents:
                job = Dump(
                    client=client,
                    parameters=self.parameters(),
                    contents=contents,
                    server_version=own.info.parameter_status("server_version") or "",
                    server_major=own.info.server_version // 10000,
                    lock_wait_seconds=settings.policy.backup_lock_wait_seconds,
                    timeout_seconds=settings.policy.backup_timeout_seconds,
                    options=self._options(settings),
                )
                with store.partial(where, self.identifier) as (file, path):
                    self.dumped = write(job, file)
                    return StoredFile(path.open("rb"), name=str(path))

    def _restore_dump(self, dump: Any) -> None:
        """What `dbrestore` does: into the live database, over what is there. Refused."""
        raise CommandError(
            "dbrestore restores over the live database and fails after the commonest migrations. "
            "Nothing was touched. See docs/strategy.md#restore-a-backup-by-hand."
        )

    def _options(self, settings: conf.Conf) -> list[str]:
        """What pg_dump is asked beyond the usual: another role, or to leave something out."""
        role = session.assumed_role(self.connection)
        own_url = self.database_name in settings.backup_urls
        roles = [f"--role={role}"] if role and not own_url else []
        tables = [f"--exclude-table-data={table}" for table in self.exclude]
        return [*roles, *tables, *(f"--schema={schema}" for schema in self.schemas)]

    def _temporary_folder(self) -> Path:
        """Where a dump for a bucket waits to be uploaded; gone with the connector."""
        self._folder = tempfile.TemporaryDirectory(prefix="safe_migrate-")
        return Path(self._folder.name)


def newest() -> SafeDumpConnector | None:
    """The connector of this process's newest dump, if there was one."""
    return SafeDumpConnector.latest


@contextmanager
def _connected(parameters: dict[str, Any], policy: Policy) -> Iterator[psycopg.Connection]:
    """The session that exports the snapshot. Raises BackupFailed where the server does."""
    try:
        own = session.connect(parameters, "backup")
    except psycopg.OperationalError as error:
        raise BackupFailed(
            "SM-B201",
            f"The backup could not connect: {str(error).strip()}",
            next=("Check BACKUP_DATABASE_URL or DATABASE_URL.", "python manage.py safe_doctor"),
        ) from error
    try:
        with own:
            # Counting rows waits for table locks as pg_dump does, and as long.
            own.execute(f"SET lock_timeout = {int(policy.backup_lock_wait_seconds * 1000)}")
            yield own
    except psycopg.errors.LockNotAvailable as error:
        raise _locked(parameters, policy) from error
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()
        raise BackupFailed(
            "SM-B209",
            f"The server ended the backup: {reason[0] if reason else type(error).__name__}",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error


def _locked(parameters: dict[str, Any], policy: Policy) -> BackupFailed:
    with session.connect(parameters, "backup") as own:
        holders = catalog.exclusive_holders(own)
    named = "; ".join(map(str, holders)) or "a session that has left"
    return BackupFailed(
        "SM-B210",
        f"A table could not be read within {policy.backup_lock_wait_seconds:.0f} s: it is locked "
        f"by {named}.",
        next=(
            "python manage.py safe_migrate  (when that transaction has ended)",
            *(f"SELECT pg_terminate_backend({holder.pid});" for holder in holders),
        ),
    )
