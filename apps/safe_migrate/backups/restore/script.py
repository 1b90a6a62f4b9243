"""A backup as SQL text, printed by pg_restore while the archive is read."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

from safe_migrate.backups import archive, parts
from safe_migrate.backups.manifest import DIRECTORY, Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres.program import Ended, Program
from safe_migrate.postgres.tools import Client


def printed(
    manifest: Manifest, client: Client, options: Sequence[str], pass_fds: Sequence[int] = ()
) -> Iterator[bytes]:
    """What `pg_restore OPTIONS` prints of a backup; it inherits the open files `pass_fds`.

    Its end is reached only where pg_restore ended well and every stored byte was right; so nothing
    that it was used for may be kept before. Raises BackupFailed: pg_restore failed (SM-B320) or
    could not be run (SM-B321), and what archive.read raises.
    """
    try:
        if manifest.format == DIRECTORY:
            with parts.checked(manifest) as folder:
                yield from _from_folder([client.pg_restore, *options, str(folder)], pass_fds)
        else:
            arguments = [client.pg_restore, "--format=custom", *options]
            yield from _from_stream(manifest, arguments, pass_fds)
    except OSError as error:
        raise BackupFailed(
            "SM-B321",
            f"{manifest.id} could not be read: {error}.",
            next=("python manage.py safe_doctor", "python manage.py safe_backup list"),
        ) from error


def listed(manifest: Manifest, client: Client) -> list[str]:
    """The lines of `pg_restore --list`, of an archive whose every byte was right."""
    text = b"".join(printed(manifest, client, ["--list"]))
    return text.decode(errors="replace").splitlines()


def _from_folder(arguments: list[str], pass_fds: Sequence[int]) -> Iterator[bytes]:
    with Program(arguments, pass_fds=pass_fds) as program:
        yield from program.output()
        _require_success(program.end())


def _from_stream(
    manifest: Manifest, arguments: list[str], pass_fds: Sequence[int]
) -> Iterator[bytes]:
    with Program(arguments, both=True, pass_fds=pass_fds) as program:
        feeding = _Feeding(program, manifest)
        feeding.start()
        try:
            yield from program.output()
            feeding.join()
            ended = program.end()
        finally:
            # Where the reader went away: without the program the thread ends as well.
            feeding.abandoned.set()
            program.kill()
            feeding.join()
        if feeding.failure is not None:
            raise feeding.failure
        _require_success(ended)


class _Feeding(threading.Thread):
    """Hands the program the archive and reads it to its end even where the program does not."""

    def __init__(self, program: Program, manifest: Manifest) -> None:
        super().__init__(name="feed", daemon=True)
        self._program = program
        self._manifest = manifest
        self.abandoned = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            with closing(archive.read(self._manifest)) as chunks:
                reading = True
                for chunk in chunks:
                    reading = reading and self._program.feed(chunk)
                    if self.abandoned.is_set():
                        return
        except Exception as error:  # raised where the output is read
            self.failure = error
            # What it prints of half an archive is of no use.
            self._program.kill()
        else:
            self._program.close_input()


def _require_success(ended: Ended) -> None:
    if ended.code != 0:
        raise BackupFailed(
            "SM-B320",
            f"pg_restore {ended.how}: {ended.said}",
            next=("python manage.py safe_doctor", "python manage.py safe_backup list"),
        )
