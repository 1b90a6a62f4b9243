"""pg_dump's output, streamed into one file and hashed on the way; nothing is held in memory."""

import errno
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from safe_migrate.backups import store
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import tools
from safe_migrate.postgres.program import Ended, Program
from safe_migrate.postgres.snapshot import Contents

FORMAT = "custom"
CODEC = "gzip:1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dump:
    """One dump to be made."""

    client: tools.Client
    parameters: Mapping[str, Any] = field(repr=False)
    contents: Contents
    server_version: str
    server_major: int
    lock_wait_seconds: float
    timeout_seconds: float
    options: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dumped:
    """What came of it."""

    job: Dump
    size: int
    sha256: str


def write(job: Dump, file: IO[bytes]) -> Dumped:
    """Dump into the file and have it on the disk.

    Raises BackupFailed: pg_dump could not be run (SM-B203) or failed (SM-B202), the disk is full or
    the file cannot be written (SM-B204), or it took too long (SM-B206).
    """
    digest = hashlib.sha256()
    size = 0
    try:
        with _pg_dump(job) as program:
            try:
                for chunk in program.output():
                    digest.update(chunk)
                    file.write(chunk)
                    size += len(chunk)
                store.sync(file)
            except OSError as error:
                raise _cannot_write(error, size) from error
            _require_success(program.end(), job)
    except OSError as error:
        raise BackupFailed(
            "SM-B203",
            f"{shlex.quote(job.client.pg_dump)} could not be run: {error.strerror}.",
            next="python manage.py safe_doctor",
        ) from error
    return Dumped(job=job, size=size, sha256=digest.hexdigest())


def _pg_dump(job: Dump) -> Program:
    arguments = [
        job.client.pg_dump,
        f"--format={FORMAT}",
        f"--compress={CODEC.partition(':')[2]}",
        f"--snapshot={job.contents.snapshot}",
        f"--lock-wait-timeout={int(job.lock_wait_seconds * 1000)}",
        "--no-password",
        *job.options,
    ]
    return Program(arguments, parameters=job.parameters, timeout_seconds=job.timeout_seconds)


def _require_success(ended: Ended, job: Dump) -> None:
    if ended.timed_out:
        raise BackupFailed(
            "SM-B206",
            f"pg_dump was stopped after {job.timeout_seconds:.0f} s.",
            next="Raise SAFE_MIGRATE['POLICY']['BACKUP_TIMEOUT_SECONDS'], then run again.",
        )
    if ended.code != 0:
        raise BackupFailed(
            "SM-B202",
            f"pg_dump {ended.how}: {ended.said}",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        )


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
