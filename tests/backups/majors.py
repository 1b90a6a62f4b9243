"""A server of each major version that the restore matrix runs on."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.projects import ROOT, wait_until
from tests.servers import Server

MAJORS = (15, 16, 18)
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
NOBODY = 65534


@contextmanager
def running(major: int) -> Iterator[Server]:
    """A server of this version; skips the test where it is not installed."""
    if major == 15:
        if not DEBIAN_15.is_dir():
            pytest.skip("Debian's PostgreSQL 15 is not installed")
        with _debian() as server:
            yield server
    else:
        yield servers.embedded(ROOT / ".postgresql" / "test", major)


@contextmanager
def _debian() -> Iterator[Server]:
    """One of our own in a temporary folder, as a user that PostgreSQL accepts."""
    user = NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="matrix15"))
    if user:
        os.chown(folder, user, user)
    data, port = folder / "data", _free_port()
    subprocess.run(
        [
            DEBIAN_15 / "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--auth=trust",
            "--locale=C.UTF-8",
            "--encoding=UTF8",
            "--no-sync",
        ],
        user=user,
        check=True,
        capture_output=True,
        cwd="/",
    )
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [DEBIAN_15 / "postgres", "-D", data, *(f"--{k}={v}" for k, v in settings.items())],
            user=user,
            stdout=log,
            stderr=log,
            cwd="/",
        )
    server = Server("127.0.0.1", port, "postgres", "any will do")
    try:
        wait_until(lambda: _answers(server), "PostgreSQL 15")
        yield server
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _answers(server: Server) -> bool:
    with contextlib.suppress(psycopg.OperationalError), server.connect():
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
