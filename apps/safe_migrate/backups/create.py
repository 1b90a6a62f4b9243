"""One backup through django-dbbackup's own command, with its manifest written last."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dbbackup.db.base import CONNECTOR_MAPPING
from django.core.management import call_command
from django.db import connections

from safe_migrate import conf
from safe_migrate.backups import age, parts, store
from safe_migrate.backups.connector import CONNECTOR, SafeDumpConnector, newest
from safe_migrate.backups.making import Dumped
from safe_migrate.backups.manifest import (
    CUSTOM,
    DIRECTORY,
    DUMP,
    MANIFEST_SUFFIX,
    SCHEMA,
    Manifest,
    moment_of,
    sealed,
)
from safe_migrate.errors import BackupFailed, SafeMigrateError
from safe_migrate.facts import Backup
from safe_migrate.version import VERSION


def create(
    alias: str, pending: list[str], watched: Callable[[int], None] = lambda size: None
) -> Manifest:
    """Back up the database of an alias; what is `pending` is noted in the manifest.

    `watched` is told the bytes made so far. Raises BackupFailed, or Refused where storage, client
    programs or keys are not there.
    """
    store.remove_debris()
    SafeDumpConnector.latest = None
    SafeDumpConnector.pending = pending
    SafeDumpConnector.watched = staticmethod(watched)
    # Engines that wrap Django's are many; whichever this is, what speaks to it is PostgreSQL.
    CONNECTOR_MAPPING[connections[alias].settings_dict["ENGINE"]] = CONNECTOR
    try:
        call_command("dbbackup", database=alias, quiet=True, interactive=False)
    except BaseException as error:
        _clean_up()
        if isinstance(error, Exception) and not isinstance(error, SafeMigrateError):
            raise _failure(error) from error
        raise
    connector = newest()
    if connector is None or connector.manifest is None:
        raise BackupFailed(
            "SM-B207",
            f"django-dbbackup did not use {SafeDumpConnector.__name__} for the database {alias!r}.",
            next="Remove CONNECTOR from settings.DBBACKUP_CONNECTORS.",
        )
    return connector.manifest


def _clean_up() -> None:
    """A dump that failed in the middle of an upload is ended, and what was stored is deleted."""
    connector = newest()
    if connector is not None and connector.manifest is None:
        connector.stop()
        if connector.data:
            with suppress(Exception):  # without a manifest it does not exist anyhow
                # With one it is another run's, which was quicker to take the name.
                if not store.storage().exists(connector.identifier + MANIFEST_SUFFIX):
                    store.delete(connector.data)
                    parts.delete(connector.identifier)


def _failure(error: Exception) -> SafeMigrateError:
    """What really happened: dbbackup's error handling may have put another error on top."""
    connector = newest()
    if connector is not None and connector.failure is not None:
        return connector.failure
    return BackupFailed(
        "SM-B208",
        f"Storing the backup failed ({type(error).__name__}: {error}).",
        next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
    )


def publish_manifest(sender: Any, connector: Any, filename: str, **kwargs: Any) -> None:
    """Receiver of dbbackup's post_backup: the data is stored, so its manifest may be written.

    The stock `dbbackup` command comes through here as well. A dump under another name or with
    something left out gets no manifest: it is not a backup.
    """
    if not isinstance(connector, SafeDumpConnector) or connector.making is None:
        return
    dumped = connector.making.dumped
    if not connector.is_whole or filename != connector.data:
        return
    if dumped is None:
        raise BackupFailed(
            "SM-B205",
            f"The storage did not read {connector.data} to its end.",
            next="python manage.py safe_doctor",
        )
    manifest = _manifest(connector, dumped)
    store.publish(manifest)
    connector.manifest = manifest


def _manifest(connector: SafeDumpConnector, dumped: Dumped) -> Manifest:
    contents, order = dumped.contents, dumped.order
    settings = conf.read()
    manifest = Manifest(
        schema=SCHEMA,
        id=connector.identifier,
        kind=DUMP,
        environment=settings.environment.value,
        created_at=moment_of(connector.identifier).isoformat().replace("+00:00", "Z"),
        alias=connector.database_name,
        database=contents.database,
        system_identifier=contents.system_identifier,
        server_version=dumped.server_version,
        server_major=dumped.server_major,
        pg_dump_version=dumped.client.version,
        tool_version=VERSION,
        format=DIRECTORY if order.folder else CUSTOM,
        codec=order.codec,
        encryption=age.NAME if order.recipients else "",
        read_back=order.read_back,
        data=connector.data,
        size=dumped.size,
        total_size=dumped.size + (parts.size(connector.identifier) if order.folder else 0),
        sha256=dumped.sha256,
        snapshot=dumped.snapshot,
        lsn=contents.lsn,
        owner=contents.owner,
        database_create=contents.create,
        database_settings=contents.settings,
        database_acl=contents.acl,
        database_comment=contents.comment,
        extensions=contents.extensions,
        objects=contents.objects,
        rows=contents.rows,
        fingerprints=contents.fingerprints,
        migrations=contents.migrations,
        pending=list(connector.pending),
        commit=settings.revision,
    )
    return sealed(manifest, settings.manifest_key)


def as_fact(manifest: Manifest, level: str = "") -> Backup:
    """What the rest of a run needs to know of a backup."""
    return Backup(
        id=manifest.id,
        data=manifest.data,
        manifest=manifest.id + MANIFEST_SUFFIX,
        environment=manifest.environment,
        created_at=moment_of(manifest.id),
        size=manifest.total_size,
        sha256=manifest.sha256,
        rows=manifest.rows,
        level=level,
    )
