"""The manifest of a restore point, and the facts that it is made of."""

import hashlib
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from safe_migrate import conf
from safe_migrate.backups import manifest as manifests
from safe_migrate.backups.manifest import Manifest, moment_of
from safe_migrate.postgres.wal import Point
from safe_migrate.version import VERSION


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """What the server said while the restore point was made."""

    point: Point
    user: str
    database: str
    owner: str
    system_identifier: str
    server_version: str
    server_major: int
    needed: dict[str, int]


def manifest(
    identifier: str,
    marked: Marked,
    text: str,
    connection: BaseDatabaseWrapper,
    pending: list[str],
) -> Manifest:
    """Rows are not counted and objects not digested: the point is not to read a large database."""
    settings = conf.read()
    encoded = text.encode()
    applied = MigrationRecorder(connection).applied_migrations()
    described = Manifest(
        schema=manifests.SCHEMA,
        id=identifier,
        kind=manifests.RESTORE_POINT,
        environment=settings.environment.value,
        created_at=moment_of(identifier).isoformat().replace("+00:00", "Z"),
        alias=connection.alias,
        database=marked.database,
        system_identifier=marked.system_identifier,
        server_version=marked.server_version,
        server_major=marked.server_major,
        pg_dump_version="",
        tool_version=VERSION,
        format="",
        codec="none",
        encryption="",
        read_back=False,
        data=manifests.data_name(
            identifier, kind=manifests.RESTORE_POINT, codec="none", encryption="", format=""
        ),
        total_size=0,
        size=len(encoded),
        sha256=hashlib.sha256(encoded).hexdigest(),
        snapshot="",
        lsn=marked.point.lsn,
        owner=marked.owner,
        database_create={},
        database_settings=[],
        database_acl=None,
        database_comment="",
        extensions={},
        objects={},
        rows={},
        fingerprints={},
        migrations=[list(key) for key in applied],
        pending=pending,
        commit=settings.revision,
    )
    return manifests.sealed(described, settings.manifest_key)
