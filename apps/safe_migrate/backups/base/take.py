"""One base backup: copied under a partial name, read back, then published."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from safe_migrate import conf
from safe_migrate.backups import reaching, store
from safe_migrate.backups.base import files, notes
from safe_migrate.backups.base.files import Verified
from safe_migrate.backups.base.notes import Base, Kind
from safe_migrate.errors import BackupFailed, Refused
from safe_migrate.postgres import base_backup, tools
from safe_migrate.postgres.base_backup import INCREMENTAL_SINCE, Cluster, Job

AGAIN = "python manage.py safe_backup base"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What is to be copied, with what."""

    parameters: dict[str, Any] = field(repr=False)
    cluster: Cluster
    server_version: str
    programs: Path
    parents: list[Base]
    """What the copy builds on, the full one first; empty for a full one."""


def take(connection: BaseDatabaseWrapper, kind: Kind, *, fast: bool) -> tuple[Base, list[Path]]:
    """Copy the whole cluster, or what changed since the newest base backup, and verify the copy.

    Gives it with the folders that a recovery needs, the full one first. Raises Refused where it
    cannot be done here (SM-B613 to SM-B616), BackupFailed where it failed (SM-B611, SM-B612,
    SM-B617, SM-B618).
    """
    folder = required_folder()
    source = _source(connection, kind, folder)
    started = datetime.now(UTC)
    identifier = notes.new_id(conf.read().environment.value, started)
    with _written(folder):
        partial = folder / f"{store.PARTIAL_PREFIX}{identifier}"
        verified = _copied(_job(source, folder, partial, fast=fast))
        base = _described(identifier, started, source, verified)
        notes.publish(partial, base)
    return base, [folder / one.id for one in (*source.parents, base)]


def required_folder() -> Path:
    """SAFE_MIGRATE["BASE_BACKUP_DIR"]. Raises Refused (SM-B613) where it is not set."""
    folder = conf.read().base_backup_dir
    if folder is None:
        raise Refused(
            "SM-B613",
            "SAFE_MIGRATE['BASE_BACKUP_DIR'] is not set: there is no place for a base backup.",
            next="Set it to a folder with room for the whole cluster, on another disk.",
        )
    return folder


def _source(connection: BaseDatabaseWrapper, kind: Kind, folder: Path) -> Source:
    parameters = reaching.parameters(connection)
    with reaching.connected(parameters) as own:
        found = base_backup.cluster(own)
        major = own.info.server_version // 10000
        version = own.info.parameter_status("server_version") or ""
    _require(found)
    return Source(
        parameters=parameters,
        cluster=found,
        server_version=version,
        programs=tools.find_client(conf.read().pg_bin, major).folder,
        parents=_parents(folder, found, major) if kind is Kind.INCREMENTAL else [],
    )


def _require(found: Cluster) -> None:
    if not found.may_replicate:
        raise Refused(
            "SM-B614",
            f"User {found.user!r} may not copy the cluster: it has no REPLICATION right.",
            next=(
                f'ALTER ROLE "{found.user}" REPLICATION;',
                "Or name a role that has it in BACKUP_DATABASE_URL.",
            ),
        )
    if found.tablespaces:
        raise Refused(
            "SM-B615",
            f"The cluster has tablespaces outside its data folder: {', '.join(found.tablespaces)}. "
            "A plain copy of them on the same machine would need their very paths.",
            next="Use Barman, pgBackRest or a provider's snapshot with BACKUP_HOOK.",
        )


def _parents(folder: Path, found: Cluster, major: int) -> list[Base]:
    whole = notes.newest(notes.known(folder), found.system_identifier, datetime.now(UTC))
    if major < INCREMENTAL_SINCE:
        why, remedy = f"PostgreSQL {major} cannot, {INCREMENTAL_SINCE} and newer can", AGAIN
    elif not found.summarizes:
        why = "the server does not note which blocks change (summarize_wal is off)"
        remedy = "ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();"
    elif not whole:
        why, remedy = f"there is no base backup of this cluster in {folder}", AGAIN
    else:
        return whole
    raise Refused("SM-B616", f"An incremental base backup cannot be made: {why}.", next=remedy)


def _job(source: Source, folder: Path, partial: Path, *, fast: bool) -> Job:
    parents = source.parents
    return Job(
        programs=source.programs,
        parameters=source.parameters,
        folder=partial,
        label=partial.name.removeprefix(store.PARTIAL_PREFIX),
        parent=folder / parents[-1].id / files.MANIFEST if parents else None,
        fast=fast,
        timeout_seconds=conf.read().policy.backup_timeout_seconds,
    )


def _copied(job: Job) -> Verified:
    """The copy, read back. Nothing stays of one that failed."""
    try:
        base_backup.take(job)
        return files.verify(job.folder)
    except files.Damaged as error:
        shutil.rmtree(job.folder, ignore_errors=True)
        raise BackupFailed(
            "SM-B617",
            f"The base backup is not what the server sent: {error}. It was removed.",
            next=("Check the disk.", AGAIN),
        ) from error
    except BaseException:
        shutil.rmtree(job.folder, ignore_errors=True)
        raise


def _described(identifier: str, started: datetime, source: Source, verified: Verified) -> Base:
    return Base(
        schema=notes.SCHEMA,
        id=identifier,
        kind=Kind.INCREMENTAL if source.parents else Kind.FULL,
        parent=source.parents[-1].id if source.parents else "",
        environment=conf.read().environment.value,
        started_at=notes.utc(started),
        finished_at=notes.utc(datetime.now(UTC)),
        system_identifier=source.cluster.system_identifier,
        server_version=source.server_version,
        files=verified.files,
        size=verified.size,
        manifest_sha256=verified.sha256,
    )


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Alone in the folder; what the file system says is said as a failure."""
    try:
        with notes.alone(folder):
            yield
    except BlockingIOError as error:
        raise BackupFailed(
            "SM-B618",
            f"Another base backup is being made in {folder}.",
            next=f"{AGAIN}  (when that has ended)",
        ) from error
    except OSError as error:
        raise BackupFailed(
            "SM-B618",
            f"The base backup could not be written to {folder}: {error.strerror}.",
            next=(f"Make room in {folder}, or check its rights.", AGAIN),
        ) from error
