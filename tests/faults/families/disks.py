"""No room: where backups go, or in the temporary folder."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial

NAME = "full disks"
SIZE = 4 << 20
PAGE = 4096


def mounted(where: Path, room: int) -> Callable[[], None]:
    """A file system of its own with so many bytes of room.

    Returns what takes it away again; what is in it stays. Skips where it cannot be mounted.
    """
    where.mkdir(exist_ok=True, mode=0o700)
    options = ["-o", f"size={SIZE},mode=0700"]
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(where)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    ballast = where / "ballast"
    ballast.write_bytes(b"x" * (SIZE - room - PAGE))

    def take_away() -> None:
        if not where.is_mount():
            return
        ballast.unlink()
        kept = where.with_name(f"{where.name}-kept")
        shutil.copytree(where, kept)
        subprocess.run(["umount", str(where)], check=True)
        where.rmdir()
        kept.rename(where)

    return take_away


def usual_size(trial: Trial) -> int:
    """Bytes of the data file of a good backup."""
    kept = trial.subject.kept("")
    return max(path.stat().st_size for path in kept.iterdir() if path.is_file())


@contextmanager
def full(trial: Trial, folder: str, share: float, pages: int) -> Iterator[None]:
    """Room for this share of a backup, and so many pages."""
    room = int(usual_size(trial) * share) // PAGE * PAGE + pages * PAGE
    where = trial.subject.backups if folder == "storage" else trial.subject.temporary
    trial.lift = mounted(where, max(room, 0))
    try:
        yield
    finally:
        trial.lift()


@contextmanager
def read_only(trial: Trial) -> Iterator[None]:
    """The storage is there, but nobody may write to it."""
    where = trial.subject.backups
    where.mkdir(mode=0o700, exist_ok=True)
    options = ["-o", f"size={SIZE},ro"]
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(where)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (needs root)")

    def lift() -> None:
        if where.is_mount():
            subprocess.run(["umount", str(where)], check=True)

    trial.lift = lift
    try:
        yield
    finally:
        lift()


def faults() -> Iterator[Fault]:
    """From no room at all to room for all but the last file."""
    rooms = ((0.0, 0), (0.0, 1), (0.2, 0), (0.5, 0), (0.8, 0), (0.97, 0), (1.0, 1), (1.0, 2))
    for share, pages in rooms:
        for command in ("create", "migrate"):
            yield Fault(
                family=NAME,
                name=f"storage with room for {share:.0%} and {pages} pages, {command}",
                act=Act.MAKING,
                inject=partial(full, folder="storage", share=share, pages=pages),
                command=command,
            )
    for share, pages in ((0.0, 0), (0.5, 0)):
        inject = partial(full, folder="temporary", share=share, pages=pages)
        for command in ("create", "migrate"):
            yield Fault(
                family=NAME,
                name=f"TMPDIR with room for {share:.0%}, {command}",
                act=Act.MAKING,
                inject=inject,
                command=command,
            )
        yield Fault(
            family=NAME,
            name=f"TMPDIR with room for {share:.0%}, restore",
            act=Act.RESTORING,
            inject=inject,
        )
    for command in ("create", "migrate"):
        yield Fault(
            family=NAME,
            name=f"read-only storage, {command}",
            act=Act.MAKING,
            inject=read_only,
            command=command,
        )
