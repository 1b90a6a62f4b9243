"""Other processes that use the server, and what can be seen of it from outside."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

import safe_migrate

LF = "\n"
# Where our modules and their dependencies are, for any Python.
PLACES = [
    str(Path(module.__file__ or "").parents[up]) for module, up in ((safe_migrate, 1), (psycopg, 1))
]
FAST = {"fsync": "off"}
# Scripts for `User`: the first leaves at once, the second when it is told to.
USE = """
import os, sys
from pathlib import Path
from safe_migrate.postgres.embedded import Cluster, EmbeddedError
root = Path(sys.argv[1])
cluster = Cluster(root, 18, {"fsync": "off"})
def answer():
    import psycopg
    with psycopg.connect(cluster.ensure().url("postgres")) as connection:
        return connection.execute("SELECT 42").fetchone()[0]
print(cluster.ensure().url("postgres"), flush=True)
"""
STAY = USE + "sys.stdin.read()"
ANSWER = USE + "print(answer())"
# Indented once, and the failure printed.
TOLD = f"""
try:{USE.replace(LF, LF + "    ")}
except EmbeddedError as error:
    print(error)
"""


class User:
    """A process that runs a script with the cluster's root as its argument."""

    def __init__(
        self, root: Path, script: str = STAY, python: Sequence[str] = (sys.executable,)
    ) -> None:
        self.process = subprocess.Popen(
            [*python, "-c", script, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(PLACES)},
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> list[str]:
        """What it printed since. Its errors are ours; nobody else may have its pipes open."""
        out, error = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, error
        assert error == ""
        return out.splitlines()

    def kill(self) -> None:
        """With SIGKILL, so that it cannot do anything about it."""
        self.process.kill()
        self.process.communicate(timeout=30)


def run(root: Path, script: str, python: Sequence[str] = (sys.executable,)) -> list[str]:
    """What such a process printed."""
    return User(root, script, python).leave()


def processes(root: Path) -> dict[int, str]:
    """Every living process that names a path below root or works there."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(root) in words or str((entry / "cwd").readlink()).startswith(str(root)):
                found[int(entry.name)] = words.strip()
        except OSError:
            pass
    return found


def pids(root: Path, mark: str) -> list[int]:
    """Of those, the ones with these words in their command line."""
    return [pid for pid, words in processes(root).items() if mark in words]


def postmasters(root: Path) -> list[int]:
    return pids(root, "--cluster_name=")


def keepers(root: Path) -> list[int]:
    return pids(root, "keeper.py")


def kill(root: Path, *victims: int) -> None:
    """SIGKILL them and wait until they are gone."""
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
    assert eventually(lambda: not set(victims) & set(processes(root)))


def eventually(happened: Callable[[], Any], seconds: float = 5.0) -> bool:
    """Whether it happens within so many seconds."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def query(url: str, sql: str) -> Any:
    """The first column of the first row, or None for a statement without rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return (cursor.fetchone() or [None])[0] if cursor.description else None
