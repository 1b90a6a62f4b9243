"""The whole server dies in the middle of a migration, by kill -9, and comes back."""

import os
import signal
from pathlib import Path

from safe_migrate.postgres.embedded import Cluster
from tests import projects
from tests.pipeline.test_apply import ADD_PRICE, NAP, columns, recorded, sleeping
from tests.servers import Server


def test_the_same_command_finishes_on_the_recovered_server(backups: Path, tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "own", 18, {})
    address = cluster.ensure()
    server = Server(address.host, address.port, address.user, address.password)
    server.query("postgres", "CREATE DATABASE mine")
    project = projects.foreign(tmp_path / "p", server.url("mine"), backups)
    project.ok("safe_migrate")
    project.migration(
        "0002_nap", "0001_initial", f"{ADD_PRICE}, migrations.RunPython(nap)", before=NAP
    )
    process = project.start("safe_migrate", NAP="60")
    projects.wait_until(lambda: sleeping(server, "mine"), "the migration to be under way")
    [postmaster] = (tmp_path / "own" / "18" / "postmaster.pid").read_text().splitlines()[:1]
    for pid in (int(postmaster), *children(int(postmaster))):
        os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    failed = projects.Result(process.returncode, out, err)
    assert failed.code == 7, err
    assert failed.failure().startswith("SM-R401"), err
    # The row could not be written, the file could.
    assert len(list((backups / "runs").glob("run-staging-*.json"))) == 2
    address = cluster.ensure()
    server = Server(address.host, address.port, address.user, address.password)
    project.variables["URL"] = server.url("mine")
    projects.wait_until(lambda: answers(server), "recovery to end")
    assert columns(server, "mine") == ["id", "title"]
    again = project.ok("safe_migrate")
    assert "was cut off" in again.err
    assert columns(server, "mine") == ["id", "title", "price"]
    assert recorded(server, "mine") == ["0001_initial", "0002_nap"]
    cluster.stop()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answers(server: Server) -> bool:
    try:
        return server.query("mine", "SELECT 1") == [(1,)]
    except Exception:
        return False
