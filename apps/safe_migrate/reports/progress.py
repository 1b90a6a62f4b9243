"""What a run is doing, on stderr: a live line on a terminal, plain lines and a heartbeat elsewhere.

CI systems kill jobs that say nothing, and people on call want a sign of life.
"""

import os
import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

HEARTBEAT_SECONDS = 30.0
READABLE_SECONDS = 0.2


class Live:
    """One line that is rewritten while things go on; what is worth keeping scrolls past above."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._stage = ""
        self._doing = ""
        self._rewritten = 0.0

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._stage, self._doing = name, ""
        self._rewrite("")

    def note(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        self._stream.write(f"{self._bold(f'{self._stage:<10}')} {text}\n")
        self._stream.flush()

    def doing(self, text: str) -> None:
        """Under way now."""
        self._doing = text
        self._rewrite(text)

    def amount(self, text: str) -> None:
        """How far; a terminal is not told faster than anybody reads."""
        now = time.monotonic()
        if now - self._rewritten >= READABLE_SECONDS:
            self._rewritten = now
            self._rewrite(f"{self._doing}: {text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._clear()
        self._stream.flush()

    def _rewrite(self, text: str) -> None:
        self._clear()
        self._stream.write(f"{self._bold(f'{self._stage:<10}')} {text}"[:100])
        self._stream.flush()

    def _clear(self) -> None:
        self._stream.write("\r\x1b[K")

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._colour else text


class Plain:
    """A line per event, and one every 30 seconds while nothing else happens."""

    def __init__(self, stream: TextIO, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._stream = stream
        self._heartbeat_seconds = heartbeat_seconds
        self._stage = ""
        self._doing = ""
        self._amount = ""
        self._since = self._said = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def stage(self, name: str) -> None:
        """A stage begins; it is named with its first line."""
        self._stage, self._doing, self._amount = name, "", ""
        self._since = time.monotonic()

    def note(self, text: str) -> None:
        """A line."""
        self._said = time.monotonic()
        self._stream.write(f"{self._stage:<10} {text}\n")
        self._stream.flush()

    def doing(self, text: str) -> None:
        """A line, unless it is the one before."""
        if text != self._doing:
            self._doing, self._amount = text, ""
            self.note(text)

    def amount(self, text: str) -> None:
        """For the next heartbeat."""
        self._amount = text

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(min(1.0, self._heartbeat_seconds)):
            if time.monotonic() - self._said >= self._heartbeat_seconds:
                seconds = time.monotonic() - self._since
                amount = f", {self._amount}" if self._amount else ""
                self.note(f"{self._doing or 'still running'} ({seconds:.0f} s{amount})")


def progress(stream: TextIO | None = None, *, colour: bool = True) -> Live | Plain:
    """The form that suits the stream; a context manager."""
    target = stream or sys.stderr
    if target.isatty():
        return Live(target, colour=colour and wants_colour(target))
    return Plain(target)


def wants_colour(stream: TextIO) -> bool:
    """Colour on a terminal, unless NO_COLOR says otherwise (no-color.org) or it is a dumb one."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
