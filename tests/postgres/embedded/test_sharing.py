"""Several processes: one server for all, until the last one leaves."""

import os
import shutil
import signal
import time
from pathlib import Path

import psycopg
import pytest

from safe_migrate.postgres.embedded import Cluster
from tests.postgres.embedded.world import (
    STAY,
    USE,
    User,
    eventually,
    postmasters,
    processes,
    query,
    run,
)


def test_eight_at_once_share_one_server(root: Path) -> None:
    users = [User(root) for _ in range(8)]
    urls = {user.line() for user in users}
    assert len(urls) == 1
    assert query(urls.pop(), "SELECT 1") == 1
    assert len(postmasters(root)) == 1
    for user in users:
        user.leave()
    assert processes(root) == {}


def test_it_stays_while_another_uses_it(root: Path, cluster: Cluster) -> None:
    url = cluster.ensure().url("postgres")
    assert run(root, USE) == [url]
    with psycopg.connect(url) as connection:
        user = User(root)
        assert user.line() == url
        user.kill()
        time.sleep(0.2)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert cluster.ensure().url("postgres") == url


def test_the_one_that_started_it_may_leave_first(root: Path) -> None:
    starter = User(root)
    url = starter.line()
    other = User(root)
    assert other.line() == url
    # Its pipes are read to their end here: neither server nor keeper may have them open.
    starter.leave()
    assert query(url, "SELECT 1") == 1
    other.leave()
    assert processes(root) == {}


def test_coming_and_going_without_a_pause(root: Path) -> None:
    script = f"""{USE}
import random, time
for _ in range(12):
    cluster.stop()
    time.sleep(random.random() / 50)
    print(answer())
    time.sleep(random.random() / 50)
"""
    users = [User(root, script) for _ in range(4)]
    for user in users:
        assert user.leave()[1:] == ["42"] * 12
    assert processes(root) == {}


@pytest.mark.parametrize("end", ["sys.exit()", "os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_forked_child_does_not_stop_it(root: Path, end: str) -> None:
    script = f"""{USE}
for work in (lambda: None, answer):
    child = os.fork()
    if not child:
        work()
        {end}
    os.waitpid(child, 0)
    print(answer(), cluster.ensure().url("postgres"), flush=True)
"""
    url, *after = run(root, script)
    assert after == [f"42 {url}"] * 2
    assert processes(root) == {}


def test_a_forked_child_may_outlive_its_parent(root: Path) -> None:
    script = f"""{USE}
import time
if not os.fork():
    cluster.ensure()
    os.kill(os.getppid(), 9)
    time.sleep(0.3)
    print(answer(), flush=True)
    sys.exit()
time.sleep(60)
"""
    user = User(root, script)
    out, error = user.process.communicate(timeout=30)
    assert (out.splitlines()[1:], error) == (["42"], "")
    assert user.process.returncode == -signal.SIGKILL


def test_a_thread_may_fork_while_another_starts_it(root: Path) -> None:
    script = f"""{USE}
import threading, warnings
warnings.simplefilter("ignore")  # Python 3.12 and later advise against what is tried here
cluster.stop()
starter = threading.Thread(target=cluster.ensure)
starter.start()
for _ in range(10):
    child = os.fork()
    if not child:
        os._exit(answer() != 42)
    assert os.waitpid(child, 0)[1] == 0
starter.join()
print(answer())
"""
    assert run(root, script)[1:] == ["42"]
    assert processes(root) == {}


@pytest.mark.parametrize(
    "start",
    [
        "subprocess.Popen(['sleep', '60'], close_fds=False, stdout=nil, stderr=nil).pid",
        "os.fork() or (os.dup2(nil, 1), os.dup2(nil, 2), time.sleep(60))",
    ],
    ids=["program", "fork"],
)
def test_a_child_that_does_not_use_it_does_not_hold_it(root: Path, start: str) -> None:
    script = f"""{USE}
import subprocess, time
nil = os.open(os.devnull, os.O_RDWR)
print({start}, flush=True)
sys.stdin.read()
"""
    user = User(root, script)
    user.line()
    child = int(user.line())
    try:
        user.kill()
        assert eventually(lambda: set(processes(root)) <= {child}), processes(root)
        Path(f"/proc/{child}").stat()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_deleted_folder_made_anew_is_not_stopped_by_users_of_the_old(
    root: Path, cluster: Cluster
) -> None:
    old = cluster.ensure()
    user = User(root)
    assert user.line() == old.url("postgres")
    shutil.rmtree(root)
    new = cluster.ensure()
    assert new != old
    with psycopg.connect(new.url("postgres")) as connection:
        user.leave()
        assert len(postmasters(root)) == 1
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_signal_that_ends_a_user_is_enough(root: Path) -> None:
    user = User(root, STAY)
    user.line()
    user.process.send_signal(signal.SIGTERM)
    user.process.communicate(timeout=30)
    assert eventually(lambda: not processes(root)), processes(root)
