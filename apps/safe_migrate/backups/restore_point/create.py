"""A restore point as a backup: a named place in the write-ahead log, proven to be archived.

For databases that are too large to dump before each run. What is stored is the recipe for getting
the data back from it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings as django_settings
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection

from safe_migrate import conf
from safe_migrate.backups import manifest as manifests
from safe_migrate.backups import reaching, store
from safe_migrate.backups.manifest import Manifest
from safe_migrate.backups.restore_point import archiving, described, recipe
from safe_migrate.backups.restore_point import source as sources
from safe_migrate.backups.restore_point.described import Marked
from safe_migrate.backups.restore_point.source import Source
from safe_migrate.conf import Conf
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import base_backup, databases, wal
from safe_migrate.postgres.wal import Point, Way

PREFIX = "safe_migrate_"


def check(connection: BaseDatabaseWrapper) -> str:
    """What can be known before anything is marked, in one line.

    Raises BackupFailed: what the policy asks for (SM-B622), what archiving.require says, and
    without a hook the base backup's failures (SM-B610, SM-B619, SM-B620).
    """
    settings = conf.read()
    _require_level(settings)
    with reaching.connected(reaching.parameters(connection)) as own:
        way = archiving.require(wal.archiving(own))
        identifier = base_backup.system_identifier(own)
    if settings.backup_hook:
        return f"the log leaves by the {way.value}; BACKUP_HOOK answers for the base backup"
    source = _own_source(settings, identifier, datetime.now(UTC))
    return f"the log leaves by the {way.value}; base backup {source.name}"


def create(
    connection: BaseDatabaseWrapper, pending: list[str], doing: Callable[[str], None]
) -> tuple[Manifest, str]:
    """Mark the place, prove that it is archived, and store how to get back to it.

    Gives the manifest and the recipe. Raises BackupFailed: what `check` raises, archiving that
    fails or takes too long (SM-B606, SM-B607), a hook that fails (SM-B608, SM-B609), a storage
    that does (SM-B621).
    """
    settings = conf.read()
    _require_level(settings)
    store.prepare()
    identifier = manifests.new_id(settings.environment.value, datetime.now(UTC))
    marked = _mark(connection, identifier, settings, doing)
    if settings.backup_hook:
        doing("asking BACKUP_HOOK for the base backup")
        variables = _variables(identifier, marked, settings)
        source = sources.asked(settings, variables, _secrets(connection))
        hours = settings.policy.base_backup_max_age_hours
        sources.require_age(source, marked.point.at, hours)
    else:
        source = _own_source(settings, marked.system_identifier, marked.point.at)
    text = recipe.text(_recovery(identifier, marked, source))
    return _publish(described.manifest(identifier, marked, text, connection, pending), text), text


def _require_level(settings: Conf) -> None:
    if settings.policy.backup_level is Level.RESTORED:
        raise BackupFailed(
            "SM-B622",
            "BACKUP_LEVEL is restored, which no restore point can be before a run: that would be "
            "a recovery of the whole cluster.",
            next=(
                "Set SAFE_MIGRATE['POLICY']['BACKUP_LEVEL'] to readable or stored,",
                "or BACKUP_KIND to dump.",
            ),
        )


def _own_source(settings: Conf, system_identifier: str, at: datetime) -> Source:
    source = sources.own(settings, system_identifier, at)
    sources.require_age(source, at, settings.policy.base_backup_max_age_hours)
    return source


def _mark(
    connection: BaseDatabaseWrapper, identifier: str, settings: Conf, doing: Callable[[str], None]
) -> Marked:
    """Make the restore point and wait until it has left the server."""
    seconds = settings.policy.backup_archive_wait_seconds
    with reaching.connected(reaching.parameters(connection)) as own:
        way = archiving.require(wal.archiving(own))
        system_identifier = base_backup.system_identifier(own)
        if not settings.backup_hook:
            _own_source(settings, system_identifier, datetime.now(UTC))
        point = wal.create_restore_point(own, PREFIX + identifier)
        _prove(own, point, way, seconds, doing)
        return Marked(
            point=point,
            user=own.info.user,
            database=own.info.dbname,
            owner=databases.owner(own, own.info.dbname),
            system_identifier=system_identifier,
            server_version=own.info.parameter_status("server_version") or "",
            server_major=own.info.server_version // 10000,
            needed=wal.standby_settings(own),
        )


def _prove(
    own: Connection, point: Point, way: Way, seconds: float, doing: Callable[[str], None]
) -> None:
    doing(f"waiting for {point.segment} to be archived")
    proof = wal.leave(own, point, way, seconds)
    archiving.require_archived(proof, point, way, seconds)


def _variables(identifier: str, marked: Marked, settings: Conf) -> dict[str, str]:
    """What BACKUP_HOOK is told; no secrets."""
    point = marked.point
    given = {
        "ID": identifier,
        "RESTORE_POINT": point.name,
        "LSN": point.lsn,
        "WAL_SEGMENT": point.segment,
        "TIMELINE": str(point.timeline),
        "TIME": point.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "DATABASE": marked.database,
        "ENVIRONMENT": settings.environment.value,
        "SYSTEM_IDENTIFIER": marked.system_identifier,
        "SERVER_MAJOR": str(marked.server_major),
    }
    return {f"SAFE_MIGRATE_{name}": value for name, value in given.items()}


def _secrets(connection: BaseDatabaseWrapper) -> list[str]:
    settings = conf.read()
    given: list[Any] = [
        reaching.parameters(connection).get("password"),
        connection.settings_dict.get("PASSWORD"),
        django_settings.SECRET_KEY,
        settings.manifest_key,
    ]
    return [str(secret) for secret in given if secret]


def _recovery(identifier: str, marked: Marked, source: Source) -> recipe.Recovery:
    return recipe.Recovery(
        id=identifier,
        database=marked.database,
        user=marked.user,
        server_major=marked.server_major,
        point=marked.point,
        base=source.name,
        fetch=source.fetch,
        restore_command=source.restore_command,
        needed=marked.needed,
    )


def _publish(manifest: Manifest, text: str) -> Manifest:
    """The recipe first, its manifest last, as with every backup."""
    try:
        store.write_text(manifest.data, text, replace=False)
    except Exception as error:  # each kind of bucket raises its own
        raise BackupFailed(
            "SM-B621",
            f"The recovery recipe could not be stored ({type(error).__name__}: {error}).",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
    store.publish(manifest)
    return manifest
