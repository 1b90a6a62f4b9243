"""What `safe_migrate` costs over plain `migrate`: whole commands on the sample shop, in turn.

The machine's noise hits both of a pair alike, so the ratio of each pair is taken, and the median of
those. `.ci/benchmark` runs this; it ends with 1 where a ratio is above the promised limit.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests import projects, servers
from tests.projects import Project
from tests.servers import Server

LIMIT = 1.3
PLAIN = ("migrate", "--noinput", "--verbosity", "0")
SAFE = ("safe_migrate", "--noinput", "--verbosity", "0", "--backup", "never")


@contextmanager
def fresh(server: Server, backups: Path) -> Iterator[Project]:
    """The shop in its staging configuration on an empty database."""
    with server.database(f"bench_{secrets.token_hex(4)}") as name:
        yield projects.shop(server.url(name), backups)


def nothing_pending(
    server: Server, backups: Path, rounds: int
) -> Iterator[tuple[Project, Project]]:
    """One migrated database for all rounds."""
    with fresh(server, backups) as shop:
        shop.ok(*SAFE)
        for _ in range(rounds):
            yield shop, shop


def whole_chain(server: Server, backups: Path, rounds: int) -> Iterator[tuple[Project, Project]]:
    """Two empty databases for each round."""
    for _ in range(rounds):
        with fresh(server, backups) as plain, fresh(server, backups) as safe:
            yield plain, safe


STORIES = {"nothing pending": nothing_pending, "whole chain, no backup": whole_chain}


def seconds(project: Project, command: tuple[str, ...]) -> float:
    """How long a command takes, from the start of its process to the end."""
    started = time.perf_counter()
    project.ok(*command)
    return time.perf_counter() - started


def measure(pairs: Iterator[tuple[Project, Project]]) -> list[tuple[float, float]]:
    """Seconds of plain `migrate` and of `safe_migrate`, for each round."""
    return [(seconds(plain, PLAIN), seconds(safe, SAFE)) for plain, safe in pairs]


def line(name: str, measured: list[tuple[float, float]], ratio: float) -> str:
    """The medians in words."""
    plain, safe = (median(column) for column in zip(*measured, strict=True))
    spread = sorted(safe / plain for plain, safe in measured)
    return (
        f"{name:<24} migrate {plain:6.2f} s   safe_migrate {safe:6.2f} s   "
        f"ratio {ratio:.2f} ({spread[0]:.2f} to {spread[-1]:.2f}), limit {LIMIT}"
    )


def main() -> int:
    """Measure both stories on an embedded server of our own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="3 rounds instead of 15")
    rounds = 3 if parser.parse_args().short else 15
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        server = servers.embedded(Path(folder) / "postgresql", 18)
        for name, pairs in STORIES.items():
            measured = measure(pairs(server, Path(folder) / "backups", rounds))
            ratios.append(median(safe / plain for plain, safe in measured))
            print(line(name, measured, ratios[-1]), flush=True)
    return 1 if max(ratios) > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
