"""One backup through django-dbbackup's own command, with its manifest written last."""

from typing import Any

from dbbackup.db.base import CONNECTOR_MAPPING
from django.core.management import call_command
from django.db import connections

from safe_migrate import conf
from safe_migrate.backups import store
from safe_migrate.backups.connector import CONNECTOR, SafeDumpConnector, newest
from safe_migrate.backups.dump import CODEC, FORMAT, Dumped
from safe_migrate.backups.manifest import DATA_SUFFIX, MANIFEST_SUFFIX, SCHEMA, Manifest, moment_of
from safe_migrate.errors import BackupFailed, SafeMigrateError
from safe_migrate.facts import Backup
from safe_migrate.version import VERSION


def create(alias: str, pending: list[str]) -> Manifest:
    """Back up the database of an alias; what is `pending` is noted in the manifest.

    Raises BackupFailed, or Refused where storage or client programs are not there.
    """
    store.remove_debris()
    SafeDumpConnector.latest = None
    SafeDumpConnector.pending = pending
    # Engines that wrap Django's are many; whichever this is, what speaks to it is PostgreSQL.
    CONNECTOR_MAPPING[connections[alias].settings_dict["ENGINE"]] = CONNECTOR
    try:
        call_command("dbbackup", database=alias, quiet=True, interactive=False)
    except SafeMigrateError:
        raise
    except Exception as error:
        raise _failure(error) from error
    connector = newest()
    if connector is None or connector.manifest is None:
        raise BackupFailed(
            "SM-B207",
            f"django-dbbackup did not use {SafeDumpConnector.__name__} for the database {alias!r}.",
            next="Remove CONNECTOR from settings.DBBACKUP_CONNECTORS.",
        )
    return connector.manifest


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
    if not isinstance(connector, SafeDumpConnector) or connector.dumped is None:
        return
    if not connector.is_whole or filename != connector.identifier + DATA_SUFFIX:
        return
    manifest = _manifest(connector, connector.dumped)
    store.publish(manifest)
    connector.manifest = manifest


def _manifest(connector: SafeDumpConnector, dumped: Dumped) -> Manifest:
    job, contents = dumped.job, dumped.job.contents
    return Manifest(
        schema=SCHEMA,
        id=connector.identifier,
        environment=connector.identifier.split("-")[1],
        created_at=moment_of(connector.identifier).isoformat().replace("+00:00", "Z"),
        alias=connector.database_name,
        database=contents.database,
        system_identifier=contents.system_identifier,
        server_version=job.server_version,
        server_major=job.server_major,
        pg_dump_version=job.client.version,
        tool_version=VERSION,
        format=FORMAT,
        codec=CODEC,
        data=connector.identifier + DATA_SUFFIX,
        size=dumped.size,
        sha256=dumped.sha256,
        snapshot=contents.snapshot,
        lsn=contents.lsn,
        encoding=contents.encoding,
        collation=contents.collation,
        owner=contents.owner,
        extensions=contents.extensions,
        database_settings=contents.settings,
        database_acl=contents.acl,
        rows=contents.rows,
        migrations=contents.migrations,
        pending=list(connector.pending),
        commit=conf.read().revision,
    )


def as_fact(manifest: Manifest, level: str = "") -> Backup:
    """What the rest of a run needs to know of a backup."""
    return Backup(
        id=manifest.id,
        data=manifest.data,
        manifest=manifest.id + MANIFEST_SUFFIX,
        environment=manifest.environment,
        created_at=moment_of(manifest.id),
        size=manifest.size,
        sha256=manifest.sha256,
        rows=manifest.rows,
        level=level,
    )
