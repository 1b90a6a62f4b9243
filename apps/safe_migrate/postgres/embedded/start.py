"""Start a server that does not run: one process at a time, over whatever a crash left behind."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safe_migrate.postgres.embedded import keeper, launch
from safe_migrate.postgres.embedded.address import HOST, Address, find
from safe_migrate.postgres.embedded.error import ELSEWHERE, EmbeddedError, tail
from safe_migrate.postgres.embedded.initdb import create
from safe_migrate.postgres.embedded.layout import Layout
from safe_migrate.postgres.embedded.lease import Lease, turn
from safe_migrate.postgres.embedded.lockfile import close_lock, open_lock, try_exclusive
from safe_migrate.postgres.embedded.wheel import binaries

PATIENCE = 60.0
ORPHANS_MAY_LIVE = 2.0
PORT_ATTEMPTS = 5
# Words of PostgreSQL's own log, whose language we set.
PORT_TAKEN = "could not bind"


def start(layout: Layout, lease: Lease, settings: Mapping[str, str]) -> Address:
    """The address of the server, started by us or by another process meanwhile.

    Raises EmbeddedError with the end of the server's log.
    """
    programs = binaries(layout.major)
    words = ""
    with turn(layout):
        for _ in range(PORT_ATTEMPTS):
            with _server_lock(layout, lease) as (lock, address):
                if address is not None:
                    return address
                if not layout.data.exists():
                    create(layout, programs, lock)
                _check_major(layout)
                begin = _launch(layout, lease, settings, programs, lock)
            if (address := _await_ready(layout, lease)) is not None:
                return address
            words = tail(layout.log, begin)
            if PORT_TAKEN not in words:
                break
    raise _failure(layout, "ended while it was starting", words)


@contextmanager
def _server_lock(layout: Layout, lease: Lease) -> Iterator[tuple[int, Address | None]]:
    """The exclusive server lock; or the address of a server that came up while we waited.

    What else may hold it: a server on its way up or down, orphans of a killed postmaster
    (they go by themselves unless they are busy), the initdb of a killed process.
    """
    lock = open_lock(layout.server)
    began = time.monotonic()
    try:
        while not try_exclusive(lock):
            if (address := find(layout, lease)) is not None:
                yield lock, address
                return
            waited = time.monotonic() - began
            if waited > ORPHANS_MAY_LIVE and not keeper.postmaster(str(layout.data), lease.name):
                keeper.kill_all(lease.name)
            if waited > PATIENCE:
                raise _failure(layout, "is in use, perhaps by another container, out of our reach")
            time.sleep(0.005)
        yield lock, None
    finally:
        close_lock(lock)


def _check_major(layout: Layout) -> None:
    version = layout.data / "PG_VERSION"
    made_by = version.read_text().strip() if version.exists() else "something else"
    if made_by != str(layout.major):
        raise EmbeddedError(
            f"{layout.data} is not a data folder of PostgreSQL {layout.major}: "
            f"it was made by {made_by}",
            f"move {layout.data} away, {ELSEWHERE}",
        )


def _launch(
    layout: Layout, lease: Lease, settings: Mapping[str, str], programs: Path, lock: int
) -> int:
    """Start `postgres`; returns where in the log its words begin."""
    # The lock says that none of ours lives. PostgreSQL itself would take an unrelated process
    # that has got the same pid for a living server, and refuse to start.
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    ours = {
        "listen_addresses": HOST,
        "port": str(_free_port()),
        "unix_socket_directories": "",
        "cluster_name": lease.name,
    }
    options = [f"--{key}={value}" for key, value in {**settings, **ours}.items()]
    command = [str(programs / "postgres"), "-D", str(layout.data), *options]
    with launch.log(layout) as (output, begin):
        launch.run(command, layout, lock, output, detach=True)
    return begin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(layout: Layout, lease: Lease) -> Address | None:
    """The address as soon as connections are accepted; None when the server has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (address := find(layout, lease)) is not None:
            return address
        if not keeper.held(lease.server):
            return None
        time.sleep(0.003)
    raise _failure(layout, f"was not ready within {PATIENCE:.0f} s")


def _failure(layout: Layout, happened: str, words: str | None = None) -> EmbeddedError:
    return EmbeddedError(
        f"the embedded PostgreSQL {layout.major} {happened}; the end of its log:\n"
        f"{words or tail(layout.log)}",
        f"see {layout.log}; delete {layout.data} if its databases may be lost, {ELSEWHERE}",
    )
