"""An empty database filled from a backup, in several sessions, none of which needs a copy of it.

pg_restore --jobs wants a file that it can seek in, and a backup is compressed and perhaps far away.
But only the data is long: the schema stands at the archive's head. So the head is kept in memory
for what comes before and after the data, and each session that loads data reads its own stream.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from safe_migrate.backups import archive, contents, parts
from safe_migrate.backups.in_memory import in_memory, path_of
from safe_migrate.backups.manifest import DIRECTORY, Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import tools
from safe_migrate.postgres.program import Ended, Program

HEAD = 1 << 20
WORTH_SHARING = 200_000
"""Rows below which a second session costs more than it brings."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and as whom."""

    client: tools.Client
    parameters: Mapping[str, Any] = field(repr=False)
    ownership: bool


@dataclass(frozen=True, slots=True)
class Head:
    """An archive's first bytes, with its table of contents, in a file that is on no disk."""

    path: str
    fd: int
    listing: list[str]


def fill(
    manifest: Manifest,
    parameters: Mapping[str, Any],
    client: tools.Client,
    *,
    jobs: int,
    ownership: bool,
) -> None:
    """Restore a backup into the existing, empty database that libpq's `parameters` name.

    Without `ownership` everything belongs to the role that restores, for a server that has not the
    same roles. Raises BackupFailed: pg_restore failed (SM-B320) or could not be run (SM-B321), and
    what archive.read raises. Then the database is of no use.
    """
    target = Target(client, parameters, ownership)
    try:
        if manifest.format == DIRECTORY:
            with parts.checked(manifest) as folder:
                _run(target, [f"--jobs={jobs}", str(folder)])
            return
        with _head(manifest, client) as head:
            _run(target, ["--section=pre-data", head.path], head.fd)
            _load(manifest, target, head, jobs)
            _run(target, ["--section=post-data", f"--jobs={jobs}", head.path], head.fd)
    except OSError as error:
        raise BackupFailed(
            "SM-B321",
            f"{manifest.id} could not be restored: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_backup list"),
        ) from error


@contextmanager
def _head(manifest: Manifest, client: tools.Client) -> Iterator[Head]:
    with in_memory() as file, closing(archive.read(manifest)) as chunks:
        path = path_of(file)
        listed = Ended(1, "the archive is empty", False)
        lines: list[str] = []
        wanted, size = HEAD, 0
        for chunk in chunks:
            file.write(chunk)
            size += len(chunk)
            if size >= wanted:
                listed, lines = _list(client, path, file)
                wanted *= 2
            if listed.code == 0:
                break
        else:
            listed, lines = _list(client, path, file)
        if listed.code != 0:
            raise _failed(listed)
        yield Head(path, file.fileno(), lines)


def _list(client: tools.Client, path: str, file: IO[bytes]) -> tuple[Ended, list[str]]:
    file.flush()
    arguments = [client.pg_restore, "--format=custom", "--list", "--section=data", path]
    with Program(arguments, pass_fds=(file.fileno(),)) as program:
        said = b"".join(program.output()).decode(errors="replace")
        return program.end(), said.splitlines()


def _load(manifest: Manifest, target: Target, head: Head, jobs: int) -> None:
    """Every session reads the archive's stream to its own last table; the first one to its end."""
    found = contents.entries(head.listing)
    streams = jobs if sum(manifest.rows.values()) >= WORTH_SHARING else 1
    shares = contents.share(found, manifest.rows, streams)
    with ThreadPoolExecutor(max(1, len(shares)), "load") as threads:
        loads = [
            threads.submit(_load_share, manifest, target, ids, whole=number == 0)
            for number, ids in enumerate(shares or [[]])
        ]
    for load in loads:
        load.result()


def _load_share(manifest: Manifest, target: Target, ids: list[int], *, whole: bool) -> None:
    with in_memory() as wanted:
        wanted.writelines(f"{id};\n".encode() for id in ids)
        arguments = [*_arguments(target), "--section=data", f"--use-list={path_of(wanted)}"]
        inherited = (wanted.fileno(),)
        with Program(
            arguments, parameters=target.parameters, feeds=True, pass_fds=inherited
        ) as program:
            with closing(archive.read(manifest)) as chunks:
                for chunk in chunks:
                    reading = program.feed(chunk)
                    if not (reading or whole):
                        break
            ended = program.end()
    if ended.code != 0:
        raise _failed(ended)


def _run(target: Target, arguments: list[str], *pass_fds: int) -> None:
    given = [*_arguments(target), *arguments]
    with Program(given, parameters=target.parameters, pass_fds=pass_fds) as program:
        for _ in program.output():
            pass
        ended = program.end()
    if ended.code != 0:
        raise _failed(ended)


def _arguments(target: Target) -> list[str]:
    """Host, user and password go by the environment; the name is wanted here as well."""
    name = str(target.parameters.get("dbname", "")).replace("\\", "\\\\").replace("'", "\\'")
    ours = [] if target.ownership else ["--no-owner", "--no-acl", "--no-tablespaces"]
    return [
        target.client.pg_restore,
        f"--dbname=dbname='{name}'",
        "--exit-on-error",
        "--no-password",
        *ours,
    ]


def _failed(ended: Ended) -> BackupFailed:
    return BackupFailed(
        "SM-B320",
        f"pg_restore {ended.how}: {ended.said}",
        next=("python manage.py safe_doctor", "python manage.py safe_backup list"),
    )
