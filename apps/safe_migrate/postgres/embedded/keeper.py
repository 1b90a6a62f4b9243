"""Run as a script: waits until no process uses the server any more, stops it, and ends.

A process that was `kill -9`ed cannot stop what it started; this one can. It is detached from
the process that started it and imports the standard library only, so it is there in 20 ms.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

FAST_SHUTDOWN = 30.0
AFTER_SIGKILL = 10.0
PROC = Path("/proc/self")


def held(lock: int) -> bool:
    """Whether somebody else holds this open lock file exclusively."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)
    return False


def freed(lock: int, patience: float) -> bool:
    """Wait until nobody holds this lock exclusively; False after `patience` seconds."""
    deadline = time.monotonic() + patience
    while held(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def marked(pid: int, name: str) -> bool:
    """Whether /proc shows this process as part of the server with this cluster_name."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    mark = name.encode()
    return line.startswith(b"postgres: %s: " % mark) or b"cluster_name=%s\0" % mark in line


def postmaster(data: str, name: str) -> tuple[int, list[str]] | None:
    """Pid and lines of `postmaster.pid` where that process lives and is ours, else None.

    A number out of a stale file may be anybody's by now, which only /proc can tell.
    """
    try:
        lines = Path(data, "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if pid > 0 and (marked(pid, name) if PROC.exists() else _send(pid, 0)):
        return pid, [line.strip() for line in lines]
    return None


def kill_all(name: str) -> None:
    """SIGKILL every process of the server with this cluster_name where there is a /proc."""
    for entry in PROC.parent.glob("[0-9]*"):
        if marked(int(entry.name), name):
            _send(int(entry.name), signal.SIGKILL)


def _send(pid: int, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
        return True
    return False


def stop(server: int, data: str, name: str) -> bool:
    """Stop the server whose lock file is open as `server`; False if it would not go.

    Safe to call when nothing runs. The lock, not a pid, says that it is gone: every process of
    the server holds it, orphans of a killed postmaster too.
    """
    if not held(server):
        return True
    found = postmaster(data, name)
    if found is not None and _send(found[0], signal.SIGINT) and freed(server, FAST_SHUTDOWN):
        return True
    deadline = time.monotonic() + AFTER_SIGKILL
    while time.monotonic() < deadline:
        # Again and again: one that is just being started shows its name a little later.
        kill_all(name)
        if freed(server, 0.1):
            return True
    return False


def main(mine: int, users: str, server: str, data: str, name: str) -> None:
    """Hold `mine`, the inherited lock of the keeper, until the last user has gone."""
    if os.fork():
        os._exit(0)
    os.setsid()
    last = os.open(users, os.O_RDWR)
    lock = os.open(server, os.O_RDWR)
    fcntl.flock(last, fcntl.LOCK_EX)
    stop(lock, data, name)
    # In this order: whoever gets the users' lock next must find that there is no keeper.
    os.close(mine)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:6])
