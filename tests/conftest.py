"""Fixtures that every folder of tests uses; the servers and projects behind them are real."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import projects, servers
from tests.projects import Foreign, Project
from tests.servers import Server

SERVERS = projects.ROOT / ".postgresql"

# A shell that runs us in the background has SIGINT ignored, and so would every process of ours:
# tests that interrupt one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def server() -> Server:
    """The suite's shared server."""
    return servers.shared_server(SERVERS / "test")


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """A fresh, empty database."""
    with server.database() as name:
        yield name


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A folder for backups that does not exist yet."""
    return tmp_path / "backups"


@pytest.fixture
def shop(server: Server, database: str, backups: Path) -> Project:
    """The sample shop in a staging configuration on a fresh database."""
    return projects.shop(server.url(database), backups)


@pytest.fixture
def foreign(server: Server, database: str, backups: Path, tmp_path: Path) -> Foreign:
    """Somebody else's project on a fresh database, with one pending migration."""
    return projects.foreign(tmp_path / "foreign", server.url(database), backups)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 2 MiB, nearly empty."""
    where = tmp_path / "small"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(where)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    (where / "taken").write_bytes(b"x" * 300_000)
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)
