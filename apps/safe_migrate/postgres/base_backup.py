"""pg_basebackup: a copy of the whole cluster, complete or only what changed since another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import Connection

from safe_migrate.errors import BackupFailed
from safe_migrate.postgres.program import Program

PROGRAM = "pg_basebackup"
INCREMENTAL_SINCE = 17


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One base backup to be taken. Raises nothing; `take` does."""

    programs: Path
    """The folder of pg_basebackup of the server's major version."""
    parameters: Mapping[str, Any] = field(repr=False)
    folder: Path
    """Where to; made by pg_basebackup."""
    label: str
    parent: Path | None
    """The backup_manifest of the one to be incremental to."""
    fast: bool
    """Have the server checkpoint at once, which costs it a burst of writing."""
    timeout_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """What decides whether and how pg_basebackup can copy this server."""

    user: str
    may_replicate: bool
    summarizes: bool
    """summarize_wal: the server knows which blocks changed."""
    tablespaces: tuple[str, ...]
    """Folders outside the data folder."""
    system_identifier: str
    """Which cluster this is; empty where our role may not ask."""


def cluster(session: Connection) -> Cluster:
    """The server's state, and the right that pg_basebackup needs."""
    row = session.execute(
        """
        SELECT current_user::text, rolsuper OR rolreplication,
               coalesce(current_setting('summarize_wal', true), 'off') = 'on',
               coalesce((SELECT array_agg(spcname::text ORDER BY 1) FROM pg_tablespace
                         WHERE spcname NOT IN ('pg_default', 'pg_global')), '{}')
        FROM pg_roles WHERE rolname = current_user
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (the current user has a row)
    return Cluster(
        user=row[0],
        may_replicate=row[1],
        summarizes=row[2],
        tablespaces=tuple(row[3]),
        system_identifier=system_identifier(session),
    )


def system_identifier(session: Connection) -> str:
    """What tells this cluster from every other; empty where our role may not ask."""
    row = session.execute(
        "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
    ).fetchone()
    if not row or not row[0]:
        return ""
    found = session.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    return str(found[0]) if found else ""


def take(job: Job) -> None:
    """Run pg_basebackup to its end.

    Raises BackupFailed: it could not be run (SM-B611), failed or took too long (SM-B612).
    """
    program = str(job.programs / PROGRAM)
    try:
        with Program(
            arguments(program, job),
            parameters=job.parameters,
            timeout_seconds=job.timeout_seconds,
        ) as running:
            for _ in running.output():
                pass
            ended = running.end()
    except OSError as error:
        raise BackupFailed(
            "SM-B611",
            f"{program} could not be run: {error.strerror}.",
            next="python manage.py safe_doctor",
        ) from error
    if ended.timed_out:
        raise BackupFailed(
            "SM-B612",
            f"{PROGRAM} was stopped after {job.timeout_seconds:.0f} s.",
            next="Raise SAFE_MIGRATE['POLICY']['BACKUP_TIMEOUT_SECONDS'], then run again.",
        )
    if ended.code != 0:
        raise BackupFailed(
            "SM-B612",
            f"{PROGRAM} {ended.how}: {ended.said}",
            next=("python manage.py safe_doctor", "python manage.py safe_backup base"),
        )


def arguments(program: str, job: Job) -> list[str]:
    """The argument list. Pure.

    SHA-256, since that of the default (CRC-32C) is in no Python; plain files, since
    pg_combinebackup reads nothing else.
    """
    return [
        program,
        f"--pgdata={job.folder}",
        "--format=plain",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        f"--checkpoint={'fast' if job.fast else 'spread'}",
        f"--label={job.label}",
        "--no-password",
        *([f"--incremental={job.parent}"] if job.parent else []),
    ]
