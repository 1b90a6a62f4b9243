"""pg_dump's output, streamed into one file and hashed on the way; nothing is held in memory."""

import errno
import hashlib
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from safe_migrate.backups import store
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import tools
from safe_migrate.postgres.snapshot import Contents

CHUNK = 1 << 20
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
    leave_out: list[str] = field(default_factory=list)


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
    with tempfile.TemporaryFile() as said:
        process = _start(job, said)
        watchdog = threading.Timer(job.timeout_seconds, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None  # noqa: S101 (it is a pipe)
            while chunk := process.stdout.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
                size += len(chunk)
            store.sync(file)
        except OSError as error:
            raise _cannot_write(error, size) from error
        finally:
            timed_out = not watchdog.is_alive()
            watchdog.cancel()
            _end(process)
        _require_success(process, said, job, timed_out=timed_out)
    return Dumped(job=job, size=size, sha256=digest.hexdigest())


def _start(job: Dump, said: IO[bytes]) -> "subprocess.Popen[bytes]":
    arguments = [
        job.client.pg_dump,
        f"--format={FORMAT}",
        f"--compress={CODEC.partition(':')[2]}",
        f"--snapshot={job.contents.snapshot}",
        f"--lock-wait-timeout={int(job.lock_wait_seconds * 1000)}",
        "--no-password",
        *job.leave_out,
    ]
    try:
        return tools.start(arguments, parameters=job.parameters, stderr=said)
    except OSError as error:
        raise BackupFailed(
            "SM-B203",
            f"{shlex.quote(job.client.pg_dump)} could not be run: {error.strerror}.",
            next="python manage.py safe_doctor",
        ) from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for pg_dump; where we stopped reading, it ends at the closed pipe or is killed."""
    if process.stdout is not None:
        process.stdout.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _require_success(
    process: "subprocess.Popen[bytes]", said: IO[bytes], job: Dump, *, timed_out: bool
) -> None:
    if timed_out:
        raise BackupFailed(
            "SM-B206",
            f"pg_dump was stopped after {job.timeout_seconds:.0f} s.",
            next="Raise SAFE_MIGRATE['POLICY']['BACKUP_TIMEOUT_SECONDS'], then run again.",
        )
    if process.returncode == 0:
        return
    said.seek(0)
    last = said.read().decode(errors="replace").strip().splitlines()
    reason = last[0] if last else "it said nothing"
    how = (
        f"was killed by signal {-process.returncode}"
        if process.returncode < 0
        else f"failed with exit code {process.returncode}"
    )
    raise BackupFailed(
        "SM-B202",
        f"pg_dump {how}: {reason.removeprefix('pg_dump: ').removeprefix('error: ')}",
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
