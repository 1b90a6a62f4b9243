"""One process: starts it, finds it, stops it."""

import shutil
import socket
import time
from pathlib import Path

import psycopg
import pytest

from safe_migrate.postgres.embedded import Address, Cluster, start
from tests.postgres.embedded.world import FAST, keepers, postmasters, processes, query


@pytest.mark.parametrize("major", [16, 18])
def test_it_starts_answers_stops_and_keeps_its_data(root: Path, major: int) -> None:
    cluster = Cluster(root, major, FAST)
    url = cluster.ensure().url("postgres")
    assert query(url, "SHOW server_version").startswith(f"{major}.")
    assert query(url, "SHOW fsync") == "off"
    assert query(url, "SHOW server_encoding") == "UTF8"
    assert query(url, "SELECT 'É' ILIKE 'é' AND 'a' > 'B'") is True
    query(url, "CREATE TABLE kept ()")
    cluster.stop()
    assert processes(root) == {}
    assert query(cluster.ensure().url("postgres"), "SELECT count(*) FROM kept") == 0
    cluster.stop()
    assert processes(root) == {}


def test_both_versions_side_by_side(root: Path, cluster: Cluster) -> None:
    other = Cluster(root, 16, FAST)
    assert query(other.ensure().url("postgres"), "SHOW server_version").startswith("16.")
    assert query(cluster.ensure().url("postgres"), "SHOW server_version").startswith("18.")
    other.stop()
    assert query(cluster.ensure().url("postgres"), "SELECT 1") == 1


def test_a_running_server_is_found_without_delay(cluster: Cluster) -> None:
    first = cluster.ensure()
    took = []
    for _ in range(20):
        began = time.perf_counter()
        assert cluster.ensure() == first
        took.append(time.perf_counter() - began)
    assert min(took) < 0.005


def test_only_loopback_and_only_with_the_password(root: Path, cluster: Cluster) -> None:
    address = cluster.ensure()
    assert query(address.url("postgres"), "SHOW listen_addresses") == "127.0.0.1"
    assert query(address.url("postgres"), "SHOW unix_socket_directories") == ""
    wrong = Address(address.host, address.port, address.user, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        query(wrong.url("postgres"), "SELECT 1")
    assert address.password not in repr(address)
    files = [path for path in root.rglob("*") if path.is_file() and "password" in path.name]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600]


def test_it_inherits_no_secret(
    root: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "told to nobody")
    cluster.ensure()
    # A server writes its title over where its environment began, so that less may be left of it.
    assert all(b"PATH=" in Path(f"/proc/{pid}/environ").read_bytes() for pid in keepers(root))
    for pid in (*postmasters(root), *keepers(root)):
        assert b"SECRET_KEY" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_name_with_special_characters_fits_into_the_url(cluster: Cluster) -> None:
    address = cluster.ensure()
    query(address.url("postgres"), 'CREATE DATABASE "a/b c?d@é%"')
    assert query(address.url("a/b c?d@é%"), "SELECT current_database()") == "a/b c?d@é%"


def test_a_long_log_is_begun_anew(root: Path, cluster: Cluster) -> None:
    root.mkdir()
    log = root / "18.log"
    log.write_bytes(b"x" * (1024 * 1024 + 1))
    cluster.ensure()
    assert 0 < log.stat().st_size < 100_000


def test_a_port_lost_to_another_program(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        free = start._free_port()
        ports = iter([other.getsockname()[1], free])
        monkeypatch.setattr(start, "_free_port", lambda: next(ports))
        assert cluster.ensure().port == free


def test_the_folder_is_deleted_under_the_running_server(root: Path, cluster: Cluster) -> None:
    before = cluster.ensure()
    shutil.rmtree(root)
    after = cluster.ensure()
    assert after != before
    assert query(after.url("postgres"), "SELECT 1") == 1
    shutil.rmtree(root)
    cluster.stop()
    assert processes(root) == {}
    assert not root.exists()
