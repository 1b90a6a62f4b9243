"""`kill -9` of everything that can be killed: the next command finds or makes a working server."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from safe_migrate.postgres.embedded import Cluster, privileges
from tests.postgres.embedded.world import (
    ANSWER,
    User,
    eventually,
    keepers,
    kill,
    postmasters,
    processes,
    query,
    run,
)


def as_owner_of(path: Path) -> list[str]:
    """Prefix of a command: run it as the user that this file belongs to."""
    owner = path.stat()
    identity = (-1, -1) if owner.st_uid == os.geteuid() else (owner.st_uid, owner.st_gid)
    return [sys.executable, "-I", "-S", privileges.__file__, *map(str, identity), "wait"]


def test_of_the_user(root: Path) -> None:
    user = User(root)
    user.line()
    assert len(processes(root)) > 5
    user.kill()
    assert eventually(lambda: not processes(root)), processes(root)
    assert run(root, ANSWER)[1:] == ["42"]


def test_of_the_postmaster(root: Path, cluster: Cluster) -> None:
    before = cluster.ensure()
    kill(root, *postmasters(root))
    after = cluster.ensure()
    assert after != before
    assert query(after.url("postgres"), "SELECT 1") == 1


def test_of_the_postmaster_over_a_busy_backend(root: Path, cluster: Cluster) -> None:
    busy = psycopg.connect(cluster.ensure().url("postgres"), autocommit=True)
    busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
    time.sleep(0.1)
    kill(root, *postmasters(root))
    assert query(cluster.ensure().url("postgres"), "SELECT 1") == 1
    busy.close()


def test_of_the_postmaster_whose_pid_somebody_else_gets(root: Path, cluster: Cluster) -> None:
    cluster.ensure()
    kill(root, *postmasters(root))
    file = root / "18" / "postmaster.pid"
    # Of the server's own user: PostgreSQL takes such a process for a living postmaster.
    stranger = subprocess.Popen([*as_owner_of(file), "/bin/sleep", "60"])
    try:
        cmdline = Path(f"/proc/{stranger.pid}/cmdline")
        assert eventually(lambda: cmdline.read_bytes().startswith(b"/bin/sleep"))
        assert eventually(lambda: set(processes(root)) == set(keepers(root)))
        lines = file.read_text().split("\n")
        file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        assert query(cluster.ensure().url("postgres"), "SELECT 1") == 1
        cluster.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_of_a_backend(root: Path, cluster: Cluster) -> None:
    url = cluster.ensure().url("postgres")
    with psycopg.connect(url) as connection:
        kill(root, connection.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert eventually(lambda: run(root, ANSWER)[1:] == ["42"])


def test_of_the_keeper(root: Path, cluster: Cluster) -> None:
    url = cluster.ensure().url("postgres")
    kill(root, *keepers(root))
    user = User(root)
    assert user.line() == url
    assert len(keepers(root)) == 1
    cluster.stop()
    user.kill()
    assert eventually(lambda: not processes(root)), processes(root)


def test_of_the_keeper_before_the_last_one_leaves(root: Path, cluster: Cluster) -> None:
    cluster.ensure()
    kill(root, *keepers(root))
    cluster.stop()
    assert processes(root) == {}


def test_of_user_and_keeper_together(root: Path, cluster: Cluster) -> None:
    user = User(root)
    url = user.line()
    kill(root, *keepers(root))
    user.kill()
    assert len(postmasters(root)) == 1
    assert cluster.ensure().url("postgres") == url


@pytest.mark.parametrize("also_initdb", [False, True])
def test_during_initdb(root: Path, cluster: Cluster, also_initdb: bool) -> None:
    user = User(root)
    assert eventually((root / "18.partial" / "data" / "base").exists)
    user.kill()
    if also_initdb:
        kill(root, *(set(processes(root)) - set(keepers(root))))
    assert not (root / "18").exists()
    assert query(cluster.ensure().url("postgres"), "SELECT 1") == 1
    assert sorted(path.name for path in root.iterdir()) == ["18", "18.locks", "18.log"]


def test_during_the_start(root: Path, cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    for delay in range(0, 60, 8):
        user = User(root)
        assert eventually(lambda: keepers(root))
        time.sleep(delay / 1000)
        user.kill()
        assert query(cluster.ensure().url("postgres"), "SELECT 1") == 1
        cluster.stop()
        assert eventually(lambda: not processes(root)), processes(root)
