"""A client program under way: its output read or its input fed, its end awaited, its words kept."""

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Self

from safe_migrate.postgres.tools import child_environment

CHUNK = 1 << 17
PIPE = 1 << 20


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int
    """The exit code; negative is the signal that killed it."""
    said: str
    """The first error it wrote to stderr, without its own name; 'it said nothing' for none."""
    timed_out: bool

    @property
    def how(self) -> str:
        """In words."""
        if self.code < 0:
            return f"was killed by signal {-self.code}"
        return f"failed with exit code {self.code}"


class Program:
    """A context manager: the program is started on entry and never outlives the context.

    `arguments` are a list, never a shell's string; with `parameters` it knows how to connect.
    `feeds` opens its stdin for `feed`, else its stdout is read by `output`; with `both` one thread
    feeds it and another reads. After `timeout_seconds` it is killed. It inherits the open files
    `pass_fds`. Raises OSError on entry where it cannot be run.
    """

    def __init__(
        self,
        arguments: list[str],
        *,
        parameters: Mapping[str, Any] | None = None,
        feeds: bool = False,
        both: bool = False,
        timeout_seconds: float = 24 * 3600,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._arguments = arguments
        self._environment = child_environment(parameters or {})
        self._feeds = feeds or both
        self._outputs = both or not feeds
        self._timeout_seconds = timeout_seconds
        self._pass_fds = tuple(pass_fds)
        self._timed_out = False

    def __enter__(self) -> Self:
        self._stderr = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE if self._feeds else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._outputs else subprocess.DEVNULL,
                stderr=self._stderr,
                env=self._environment,
                pass_fds=self._pass_fds,
                pipesize=PIPE,
            )
        except BaseException:
            self._stderr.close()
            raise
        self._watchdog = threading.Timer(self._timeout_seconds, self._time_out)
        self._watchdog.daemon = True
        self._watchdog.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._watchdog.cancel()
        # Before the pipes: closing one would wait for whoever is still writing to it.
        self.kill()
        self._close_pipes()
        self._stderr.close()

    def output(self) -> Iterator[bytes]:
        """What it writes, in pieces, until it closes its output."""
        assert isinstance(self._process.stdout, BufferedReader)  # noqa: S101 (it is a pipe)
        # Not `read`: what is there is passed on, instead of being gathered until a piece is full.
        while chunk := self._process.stdout.read1(CHUNK):
            yield chunk

    def feed(self, chunk: bytes) -> bool:
        """Hand it a piece. False where it reads no more: its exit code says at the end why."""
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        try:
            self._process.stdin.write(chunk)
        except BrokenPipeError:
            return False
        return True

    def close_input(self) -> None:
        """There is nothing more to feed."""
        assert self._process.stdin is not None  # noqa: S101 (it is a pipe)
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def kill(self) -> None:
        """Where it still runs; whoever feeds it is then told."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def end(self) -> Ended:
        """Close its pipes and wait for it."""
        self._close_pipes()
        code = self._process.wait()
        self._watchdog.cancel()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        name = f"{Path(self._arguments[0]).name}: "
        # psql also tells the server's warnings, which come before what ended it.
        errors = [
            line for line in lines if line.startswith("psql:") and re.search("ERROR:|FATAL:", line)
        ]
        first = [*errors, *lines, "it said nothing"][0]
        said = first.removeprefix(name).removeprefix("error: ")
        return Ended(code, said, self._timed_out)

    def _time_out(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
