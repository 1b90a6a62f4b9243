"""The harness's side of forkserver.py: commands started in a project, awaited or killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.projects import ROOT, clean_environment, wait_until

SECONDS = 90


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout; nothing where there is none."""
        try:
            parsed = json.loads(self.out)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def __str__(self) -> str:
        said = (self.err.strip() or self.out.strip()).splitlines()
        shown = said[-3:] if "Traceback" in self.err else said[:6]
        return (
            f"{' '.join(self.argv)} → {self.code} ({self.seconds:.1f} s): {' | '.join(shown)[:500]}"
        )


class Forks:
    """A context manager: a project's forkserver."""

    def __init__(self, folder: Path, variables: dict[str, str], said: Path) -> None:
        self.folder = folder
        self.said = said
        self.said.mkdir(exist_ok=True)
        self._variables = variables
        self._number = 0
        self.before: Callable[[], str] = str
        """Code that every command runs first."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forkserver", str(ROOT / "apps")],
            cwd=self.folder,
            env={**clean_environment(), "PYTHONPATH": str(ROOT), **self._variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def run(self, *argv: str, prelude: str = "") -> Ran:
        """A command to its end."""
        return self.start(*argv, prelude=prelude).wait()

    def start(self, *argv: str, prelude: str = "") -> "Started":
        """A command under way; one at a time."""
        self._number += 1
        out, err = (self.said / f"{self._number:05}.{kind}" for kind in ("out", "err"))
        request = {
            "argv": argv,
            "prelude": self.before() + prelude,
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        word, pid = self._line().split()
        assert word == "pid"
        return Started(self, argv, int(pid), out, err)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@dataclass
class Started:
    """A command under way."""

    forks: Forks
    argv: tuple[str, ...]
    pid: int
    out: Path
    err: Path
    begun: float = field(default_factory=time.monotonic)

    def wait(self) -> Ran:
        """Its end; one that takes too long is killed, which shows in its code."""
        timer = threading.Timer(SECONDS, self.kill)
        timer.start()
        try:
            word, code = self.forks._line().split()
        finally:
            timer.cancel()
        assert word == "code"
        took = time.monotonic() - self.begun
        return Ran(self.argv, int(code), self.out.read_text(), self.err.read_text(), took)

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def children(self) -> list[int]:
        """The programs that it runs now."""
        paths = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(child) for path in paths for child in path.read_text().split()]

    def reaches(self, marker: Path) -> bool:
        """Wait until it stands at its stop; False where it ended before."""

        def ended() -> bool:
            stat = Path(f"/proc/{self.pid}/stat")
            return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"

        wait_until(lambda: marker.exists() or ended(), f"{self.argv} to reach its stop", SECONDS)
        return marker.exists()
