"""Lock files (flock): given back by the system when their holder ends, however it ends.

A lock belongs to the open file, which a forked child shares with its parent: the child would
keep what the parent gives back. So the child closes them all, first thing.
"""

import fcntl
import os
import threading
from pathlib import Path

_open: set[int] = set()
_opening = threading.RLock()


def open_lock(path: Path) -> int:
    """A lock file, made where missing; no program that is started inherits it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opening:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        _open.add(lock)
    return lock


def close_lock(lock: int) -> None:
    """Give the lock back, unless a program that was started with it holds it too."""
    with _opening:
        _open.remove(lock)
        os.close(lock)


def try_exclusive(lock: int) -> bool:
    """Take this lock exclusively if nobody else has it in any way."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forked() -> None:
    for lock in _open:
        os.close(lock)
    _open.clear()
    _opening.release()


os.register_at_fork(
    before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_forked
)
