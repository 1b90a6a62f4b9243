"""pg_dump's output as it is to be stored: compressed, encrypted and hashed on its way.

Nothing is held in memory, and nothing is written anywhere but where the caller puts it.
"""

import hashlib
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from safe_migrate.backups import age, codec
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import tools
from safe_migrate.postgres.program import Ended, Program

FORMAT = "custom"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dump:
    """One dump to be made."""

    client: tools.Client
    parameters: Mapping[str, Any] = field(repr=False)
    snapshot: str
    codec: str
    recipients: tuple[str, ...]
    """Public keys of age; none for no encryption."""
    read_back: bool
    """Have pg_restore read the archive while it is made: nobody here can decrypt it later."""
    lock_wait_seconds: float
    timeout_seconds: float
    options: list[str] = field(default_factory=list)


class Hashed:
    """Pieces passed on as they come; when they have ended, their SHA-256 and number of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._digest.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """Of what has passed, in hexadecimal."""
        return self._digest.hexdigest()


def stream(job: Dump) -> Iterator[bytes]:
    """The bytes to store.

    Raises BackupFailed: pg_dump could not be run (SM-B203) or failed (SM-B202), what it wrote
    cannot be read (SM-B302), or it took too long (SM-B206).
    """
    stored = codec.compress(job.codec, _archive(job))
    return age.encrypt(stored, job.recipients) if job.recipients else stored


def _archive(job: Dump) -> Iterator[bytes]:
    with ExitStack() as stack:
        try:
            program = stack.enter_context(_pg_dump(job))
            reader = stack.enter_context(reading(job.client)) if job.read_back else None
        except OSError as error:
            raise BackupFailed(
                "SM-B203",
                f"{shlex.quote(job.client.pg_dump)} could not be run: {error.strerror}.",
                next="python manage.py safe_doctor",
            ) from error
        for chunk in program.output():
            if reader:
                reader.feed(chunk)
            yield chunk
        _require_success(program.end(), job)
        if reader and (ended := reader.end()).code != 0:
            raise unreadable("what pg_dump wrote", ended)


def reading(client: tools.Client, source: str = "") -> Program:
    """pg_restore reading an archive to its end and throwing away what it would have restored.

    It is fed, or reads the folder `source`.
    """
    form = "directory" if source else FORMAT
    arguments = [client.pg_restore, f"--format={form}", "--file=/dev/null"]
    return Program([*arguments, *([source] if source else [])], feeds=not source)


def unreadable(what: str, ended: Ended) -> BackupFailed:
    """The failure where pg_restore could not read an archive."""
    return BackupFailed(
        "SM-B302",
        f"pg_restore cannot read {what} to its end: {ended.said}",
        next=("Check the disk or bucket.", "python manage.py safe_migrate"),
    )


def arguments(job: Dump) -> list[str]:
    """pg_dump's options that do not depend on where its output goes."""
    return [
        job.client.pg_dump,
        f"--snapshot={job.snapshot}",
        f"--lock-wait-timeout={int(job.lock_wait_seconds * 1000)}",
        "--no-password",
        *job.options,
    ]


def _pg_dump(job: Dump) -> Program:
    form = [f"--format={FORMAT}", f"--compress={codec.pg_dump_compression(job.codec)}"]
    return Program(
        [*arguments(job), *form],
        parameters=job.parameters,
        timeout_seconds=job.timeout_seconds,
    )


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
