"""The memory of a command and of every program that it starts, sampled while they run."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.projects import Project

PAUSE_SECONDS = 0.01
KIB_PER_MIB = 1024


@dataclass(frozen=True)
class Peak:
    """The highest that was seen, in MiB."""

    all: float
    """Of all processes together: pages that several share count once (proportional set size)."""
    largest: float
    """Of the largest process alone, with all that it shares (resident set size)."""


def peak(project: Project, *words: str) -> Peak:
    """Run a management command that must succeed."""
    process = project.start(*words)
    highest_all = highest_one = 0
    while process.poll() is None:
        # A child between vfork and exec is its parent's memory once more: counted once.
        seen = {where: found for where, *found in map(sizes, tree(process.pid))}.values()
        highest_all = max(highest_all, sum(pss for pss, _ in seen))
        highest_one = max(highest_one, *(rss for _, rss in seen))
        time.sleep(PAUSE_SECONDS)
    out, err = process.communicate()
    assert process.returncode == 0, f"{words} ended with {process.returncode}\n{out}\n{err}"
    return Peak(highest_all / KIB_PER_MIB, highest_one / KIB_PER_MIB)


def tree(pid: int) -> Iterator[int]:
    """A process and its descendants, as far as they live."""
    yield pid
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text().split():
                    yield from tree(int(child))


def sizes(pid: int) -> tuple[str, int, int]:
    """Where its memory lies, proportional and resident set size in KiB; 0 for one that has ended.

    Addresses are laid out at random, so two programs never have the same.
    """
    where, found = "", {"Pss": 0, "Rss": 0}
    with suppress(OSError):
        where, *lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() or [""]
        for line in lines:
            name, value = line.split(":")
            if name in found:
                found[name] = int(value.split()[0])
    return where, found["Pss"], found["Rss"]
