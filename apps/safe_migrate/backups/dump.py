"""pg_dump's output as it is to be stored: compressed, encrypted and hashed on its way.

Nothing is held in memory, and nothing is written anywhere but where the caller puts it.
"""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safe_migrate.backups import age, codec, parts
from safe_migrate.backups.manifest import CUSTOM, DIRECTORY
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import tools
from safe_migrate.postgres.program import Ended, Program


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
    identifier: str = ""
    folder: Path | None = None
    """Where pg_dump writes in its directory format; None for one stream."""
    jobs: int = 1
    options: list[str] = field(default_factory=list)


def stream(job: Dump) -> Iterator[bytes]:
    """The bytes to store.

    Raises BackupFailed: pg_dump could not be run (SM-B203) or failed (SM-B202), what it wrote
    cannot be read (SM-B302), or it took too long (SM-B206).
    """
    if job.folder is not None:
        return _many_files(job, job.folder)
    stored = codec.compress(job.codec, _archive(job))
    return age.encrypt(stored, job.recipients) if job.recipients else stored


def _many_files(job: Dump, folder: Path) -> Iterator[bytes]:
    """The list of files that pg_dump wrote: it is what the manifest vouches for."""
    form = [f"--format={DIRECTORY}", f"--jobs={job.jobs}", f"--compress={codec.LEVEL}"]
    try:
        with _pg_dump(job, [*form, f"--file={folder}"]) as program:
            for _ in program.output():
                pass
            _require_success(program.end(), job)
    except OSError as error:
        raise _not_run(job, error) from error
    yield from parts.listing(job.identifier, folder)


def _not_run(job: Dump, error: OSError) -> BackupFailed:
    return BackupFailed(
        "SM-B203",
        f"{shlex.quote(job.client.pg_dump)} could not be run: {error.strerror}.",
        next="python manage.py safe_doctor",
    )


def _archive(job: Dump) -> Iterator[bytes]:
    form = [f"--format={CUSTOM}", f"--compress={codec.pg_dump_compression(job.codec)}"]
    with ExitStack() as stack:
        try:
            program = stack.enter_context(_pg_dump(job, form))
            reader = stack.enter_context(reading(job.client)) if job.read_back else None
        except OSError as error:
            raise _not_run(job, error) from error
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
    form = DIRECTORY if source else CUSTOM
    arguments = [client.pg_restore, f"--format={form}", "--file=/dev/null"]
    return Program([*arguments, *([source] if source else [])], feeds=not source)


def unreadable(what: str, ended: Ended) -> BackupFailed:
    """The failure where pg_restore could not read an archive."""
    return BackupFailed(
        "SM-B302",
        f"pg_restore cannot read {what} to its end: {ended.said}",
        next=("Check the disk or bucket.", "python manage.py safe_migrate"),
    )


def _pg_dump(job: Dump, form: list[str]) -> Program:
    arguments = [
        job.client.pg_dump,
        f"--snapshot={job.snapshot}",
        f"--lock-wait-timeout={int(job.lock_wait_seconds * 1000)}",
        "--no-password",
        *form,
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
