"""The work that is measured: backups and restores by us, by bare programs and by stock dbbackup."""

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safe_migrate.postgres import session, snapshot
from tests.benchmarks import backups_data, backups_projects
from tests.benchmarks.backups_figures import Figure, Timing
from tests.benchmarks.backups_memory import Peak, peak
from tests.projects import Project, clean_environment
from tests.servers import Server

GB = 1e9
VISITORS = 5


@dataclass
class Place:
    """A filled database with its projects, and a folder."""

    server: Server
    database: str
    folder: Path
    ours: Project = field(init=False)
    stock: Project = field(init=False)

    def __post_init__(self) -> None:
        self.ours = backups_projects.ours(self.folder / "ours", self.server, self.database)
        self.stock = backups_projects.stock(self.folder / "stock", self.server, self.database)

    @property
    def bare(self) -> Path:
        """What bare pg_dump writes."""
        return self.folder / "bare.dump"

    def client(self, program: str, *words: str) -> None:
        """Run a client program that must succeed."""
        server = {
            "PGHOST": self.server.host,
            "PGPORT": str(self.server.port),
            "PGUSER": self.server.user,
            "PGPASSWORD": self.server.password,
        }
        subprocess.run(
            [self.server.program(program), *words],
            check=True,
            env={**clean_environment(), **server},
        )


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def make_bare(place: Place) -> None:
    place.client("pg_dump", "-Fc", "-Z1", f"--file={place.bare}", place.database)


def make_stock(place: Place) -> Path:
    """Returns the file; those before it are removed."""
    for path in backups_projects.backups(place.stock).iterdir():
        path.unlink()
    place.stock.ok("dbbackup", "--quiet")
    [data] = backups_projects.backups(place.stock).glob("*.psql.bin")
    return data


def make_ours(place: Place, level: str) -> tuple[Path, Path, Path]:
    """Returns data, manifest and record of the verification; those before it are removed."""
    folder = backups_projects.backups(place.ours)
    for path in folder.glob("backup-*"):
        path.unlink()
    place.ours.ok("safe_backup", "create", "--noinput", "--level", level)
    [data], [manifest], [verified] = (
        list(folder.glob(pattern)) for pattern in ("*.dump.zst", "*.manifest.json", "*.verified.*")
    )
    return data, manifest, verified


def creation(place: Place, rounds: int) -> tuple[list[Figure], list[Timing]]:
    """Bare, ours and stock in turn, after one round that only warms up."""
    seconds: dict[str, list[float]] = {"bare": [], "ours": [], "stock": []}
    sizes = []
    for number in range(rounds + 1):
        bare = timed(lambda: make_bare(place))
        ours = timed(lambda: make_ours(place, "stored"))
        stock = timed(lambda: make_stock(place))
        if number:
            for name, value in (("bare", bare), ("ours", ours), ("stock", stock)):
                seconds[name].append(value)
            [data] = backups_projects.backups(place.ours).glob("*.dump.zst")
            [theirs] = backups_projects.backups(place.stock).glob("*.psql.bin")
            sizes.append(data.stat().st_size / theirs.stat().st_size)
    figures = [
        Figure("backup ÷ bare `pg_dump -Fc -Z1`", "times", 0.6, ratios(seconds, "ours", "bare")),
        Figure("backup ÷ stock `dbbackup`", "times", 0.3, ratios(seconds, "ours", "stock")),
        Figure("its size ÷ that of stock's file", "times", 1.0, sizes),
    ]
    group = "Back up"
    return figures, [
        Timing(group, "safe_backup create --level stored", seconds["ours"]),
        Timing(group, "pg_dump -Fc -Z1", seconds["bare"]),
        Timing(group, "stock dbbackup", seconds["stock"]),
    ]


def ratios(seconds: dict[str, list[float]], one: str, other: str) -> list[float]:
    """Of each round."""
    return [a / b for a, b in zip(seconds[one], seconds[other], strict=True)]


def verification(place: Place, rounds: int) -> tuple[list[Figure], list[Timing]]:
    """The manifest is written when the backup is made, the record when it is verified."""
    shares, whole = [], []
    for _ in range(rounds):
        started = time.time()
        whole.append(timed(lambda: make_ours(place, "readable")))
        folder = backups_projects.backups(place.ours)
        [made], [read] = (
            [path.stat().st_mtime for path in folder.glob(pattern)]
            for pattern in ("*.manifest.json", "*.verified.*")
        )
        shares.append((read - made) / (made - started) * 100)
    figure = Figure("`stored` and `readable` add to the backup", "%", 25, shares)
    return [figure], [Timing("Back up", "safe_backup create --level readable", whole)]


def memory(place: Place, small: Place, rounds: int) -> list[Figure]:
    """All processes of a backup and of a restore, on both databases."""
    create = ("safe_backup", "create", "--noinput", "--level", "readable")
    backing_up = [(peak(small.ours, *create), peak(place.ours, *create)) for _ in range(rounds)]
    figures = _memory("backup", backing_up)
    restoring = []
    for _ in range(rounds):
        restoring.append((restoring_peak(small), restoring_peak(place)))
    return figures + _memory("restore", restoring)


def _memory(what: str, peaks: list[tuple[Peak, Peak]]) -> list[Figure]:
    return [
        Figure(f"{what}: all processes together (PSS)", "MiB", 64, [b.all for _, b in peaks]),
        Figure(f"{what}: the largest process (RSS)", "MiB", 64, [b.largest for _, b in peaks]),
        Figure(
            f"{what}: growth from a fifth of the size", "MiB", 8, [b.all - a.all for a, b in peaks]
        ),
    ]


def restoring_peak(place: Place) -> Peak:
    found = peak(place.ours, *restore_command(place))
    drop_kept(place)
    return found


def restore_command(place: Place) -> tuple[str, ...]:
    """Of the newest backup, into the database's place."""
    [manifest, *_] = sorted(backups_projects.backups(place.ours).glob("*.manifest.json"))[::-1]
    identifier = manifest.name.removesuffix(".manifest.json")
    return (
        *("safe_backup", "restore", identifier, "--noinput", "--confirm", place.database),
        *("--format", "json"),
    )


def drop_kept(place: Place) -> None:
    """The database that a restore has kept, to have its room back."""
    [(kept,)] = place.server.query(
        "postgres",
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
        f"{place.database}__",
    )
    place.server.query("postgres", f'DROP DATABASE "{kept}" WITH (FORCE)')


def restoring(place: Place, rounds: int) -> tuple[list[Figure], list[Timing]]:
    """Ours with sessions in the way, and createdb with pg_restore, in turn."""
    make_ours(place, "stored")
    make_bare(place)
    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    swaps = []
    for number in range(rounds + 1):
        bare = timed(lambda: restore_bare(place))
        place.server.query("postgres", f'DROP DATABASE "{place.database}_bare"')
        with ExitStack() as visitors:
            for _ in range(VISITORS):
                visitors.enter_context(place.server.connect(place.database)).execute("SELECT")
            started = time.perf_counter()
            document = place.ours.ok(*restore_command(place)).document
            ours = time.perf_counter() - started
        drop_kept(place)
        if number:
            seconds["bare"].append(bare)
            seconds["ours"].append(ours)
            swaps.append(document["swap_seconds"])
    figures = [
        Figure("swap, after draining", "s", 0.2, swaps),
        Figure("restore ÷ `createdb`, `pg_restore -j2`", "times", 1.1, ratios(seconds, *seconds)),
    ]
    return figures, [
        Timing("Restore", "safe_backup restore", seconds["ours"]),
        Timing("Restore", "createdb, pg_restore -j2", seconds["bare"]),
    ]


def restore_bare(place: Place) -> None:
    name = f"{place.database}_bare"
    place.client("createdb", name)
    place.client("pg_restore", "-j2", f"--dbname={name}", str(place.bare))


def counting(place: Place, rounds: int) -> list[Figure]:
    """The rows of every table, as the manifest has them, in the session that reads them."""
    size = backups_data.size(place.server, place.database) / GB
    parameters = {
        **{"host": place.server.host, "port": place.server.port, "user": place.server.user},
        **{"password": place.server.password, "dbname": place.database},
    }
    with session.connect(parameters, "benchmark") as own:
        own.execute("SELECT")
        found = [timed(lambda: snapshot.count_rows(own)) / size for _ in range(rounds)]
    return [Figure("row counts of every table, for 1 GB", "s", 0.5, found)]
