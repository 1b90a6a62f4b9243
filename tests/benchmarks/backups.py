"""What backups cost beside pg_dump, pg_restore and stock django-dbbackup: whole commands, in turn.

The machine's noise hits the commands of one round alike, so each round gives its own ratio, and
the median of those is judged. `.ci/benchmark-backups` runs this; it ends with 1 where a limit is
missed.
"""

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests import servers
from tests.benchmarks import backups_data
from tests.benchmarks.backups_figures import BEGIN, END, FIGURES, PAGE, PLOT, Results, from_json
from tests.benchmarks.backups_plot import svg
from tests.benchmarks.backups_stories import (
    Place,
    counting,
    creation,
    memory,
    restoring,
    verification,
)


def conditions(place: Place, rounds: int, load: tuple[float, ...]) -> dict[str, str]:
    """What a figure means nothing without."""
    size = backups_data.size(place.server, place.database)
    with place.server.connect() as own:
        server = str(own.info.parameter_status("server_version"))
    packages = ("django", "django-dbbackup", "psycopg", "zstandard")
    after = os.getloadavg()
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Database": f"{size / 1e6:.0f} MB, `fsync` off for all alike",
        "PostgreSQL": f"{server}, the embedded wheel's server and client programs",
        "Python": ", ".join(
            [platform.python_version(), *(f"{name} {version(name)}" for name in packages)]
        ),
        "Machine": f"{os.cpu_count()} cores, shared with others",
        "Rounds": str(rounds),
        "Load before and after": f"{load[0]:.1f} and {after[0]:.1f} (1 min; ours included)",
    }


def measure(folder: Path, percent: int, rounds: int) -> Results:
    """Everything, on an embedded server of our own."""
    load = os.getloadavg()
    server = servers.embedded(folder / "postgresql", 18)
    with server.database("shop") as name, server.database("shop_small") as small_name:
        for database, size in ((name, percent), (small_name, percent // 5)):
            backups_data.build(server, database, size)
        place = Place(server, name, folder / "large")
        small = Place(server, small_name, folder / "small")
        figures, timings = creation(place, rounds)
        verified, more = verification(place, rounds)
        figures += (
            verified + counting(place, rounds) + memory(place, small, max(1, rounds // 2 + 1))
        )
        restored, others = restoring(place, rounds)
        return Results(
            conditions(place, rounds, load), figures + restored, [*more, *timings, *others]
        )


def publish(results: Results) -> None:
    """Into the documentation: figures, plot and the page's table."""
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(results.to_json())
    PLOT.write_text(svg(results))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{results.table()}{END}{after}")


def main() -> int:
    """Measure, tell, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="2 rounds instead of 5")
    parser.add_argument("--percent", type=int, default=100, help="of 1 GB (%(default)s)")
    parser.add_argument("--publish", action="store_true", help="write the figures into docs/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), options.percent, 2 if options.short else 5)
    for figure in results.figures:
        print(figure.line())
    for timing in results.timings:
        print(f"{timing.group}: {timing.what:<40} {median(timing.values):7.2f} s")
    print(*(f"{name}: {value}" for name, value in results.conditions.items()), sep="\n")
    if options.publish:
        publish(from_json(results.to_json()))
    return 0 if all(figure.kept for figure in results.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
