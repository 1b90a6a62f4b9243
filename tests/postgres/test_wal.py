"""What counts as archived, by names alone and on real servers with both ways out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safe_migrate.postgres import wal
from safe_migrate.postgres.embedded import privileges
from safe_migrate.postgres.embedded.launch import account
from safe_migrate.postgres.wal import Archiver, Way
from tests.archives import Archived, archived
from tests.projects import wait_until
from tests.servers import Server

SEGMENT = "0000000200000001000000A3"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    with archived(tmp_path_factory.mktemp("wal")) as world:
        yield world


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("", False),
        ("0000000200000001000000A2", False),
        (SEGMENT, True),
        ("0000000200000001000000A4", True),
        ("000000020000000200000000", True),
        # An older timeline, however far it went.
        ("0000000100000009000000FF", False),
        ("000000030000000100000001", True),
        ("00000003.history", False),
        (f"{SEGMENT}.00000028.backup", True),
        ("0000000200000001000000A2.00000028.backup", False),
        ("0000000200000001000000A4.partial", False),
    ],
)
def test_the_name_of_the_last_archived_file_says_it(last: str, expected: bool) -> None:
    assert wal.is_archived(SEGMENT, last) is expected


@pytest.mark.parametrize(
    ("lsn", "end"),
    [
        ("0/16EE6F0", "0/2000000"),
        ("0/2000000", "0/2000000"),
        ("0/2000001", "0/3000000"),
        ("1/FF000028", "2/0"),
    ],
)
def test_a_log_file_ends_where_the_next_begins(lsn: str, end: str) -> None:
    assert wal.segment_end(lsn, 16 << 20) == end


def looked(last_archived: str, failed: int) -> Archiver:
    at = datetime(2026, 11, 22, 19, 45, tzinfo=UTC)
    return Archiver(
        last_archived=last_archived, failed_count=failed, last_failed=SEGMENT, last_failed_at=at
    )


def test_a_failure_that_is_mended_in_time_is_none() -> None:
    before = looked("0000000200000001000000A2", 7)
    assert wal.judge(SEGMENT, before, looked(before.last_archived, 9), 1).failure is None
    failing = wal.judge(SEGMENT, before, looked(before.last_archived, 10), 1)
    assert failing.failure == looked(before.last_archived, 10)
    mended = wal.judge(SEGMENT, before, looked(SEGMENT, 10), 1)
    assert (mended.archived, mended.failure) == (True, None)


def test_an_idle_server_archives_the_point_at_once(world: Archived) -> None:
    with world.server.connect() as session:
        assert wal.archiving(session).way is Way.ARCHIVER
        for number in range(3):
            point = wal.create_restore_point(session, f"idle {number}")
            proof = wal.leave(session, point, Way.ARCHIVER, 20)
            assert proof.archived
            assert (world.folder / point.segment).stat().st_size == 16 << 20


def test_it_waits_no_longer_than_it_may(world: Archived) -> None:
    with world.server.connect() as session:
        world.set("archive_command", f"sleep 1; {world.command}")
        point = wal.create_restore_point(session, "slow")
        assert not wal.leave(session, point, Way.ARCHIVER, 0.3).archived
        assert not (world.folder / point.segment).exists()
        # Later there is nothing of the point's own to switch away from: it is not needed.
        assert wal.leave(session, point, Way.ARCHIVER, 20).archived
        world.set("archive_command", world.command)


def test_an_archiver_that_fails_is_named_with_the_file(world: Archived) -> None:
    with world.server.connect() as session:
        world.set("archive_command", "false")
        point = wal.create_restore_point(session, "broken")
        proof = wal.leave(session, point, Way.ARCHIVER, 30)
        assert proof.failure is not None
        assert proof.failure.last_failed == point.segment
        assert proof.seconds < 15
        world.set("archive_command", world.command)
        assert wal.leave(session, point, Way.ARCHIVER, 60).archived


@contextmanager
def receiver(server: Server, folder: Path, slot: str) -> Iterator[None]:
    """pg_receivewal on a permanent slot, until the context ends."""
    folder.mkdir()
    command = [
        server.program("pg_receivewal"),
        f"--host={server.host}",
        f"--port={server.port}",
        f"--username={server.user}",
        f"--slot={slot}",
    ]
    environment = {**os.environ, "PGPASSWORD": server.password}
    subprocess.run([*command, "--create-slot"], env=environment, check=True)
    stream = [*command, f"--directory={folder}", "--status-interval=1"]
    process = subprocess.Popen(stream, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        server.query("postgres", f"SELECT pg_drop_replication_slot('{slot}')")


def test_a_receiver_counts_when_it_has_the_file(world: Archived, tmp_path: Path) -> None:
    with world.server.connect() as session:
        world.set("archive_command", "")
        assert wal.archiving(session).way is None
        with receiver(world.server, tmp_path / "received", "kept"):
            wait_until(lambda: wal.archiving(session).receivers == ("kept",), "the receiver")
            assert wal.archiving(session).way is Way.RECEIVER
            point = wal.create_restore_point(session, "received")
            assert wal.leave(session, point, Way.RECEIVER, 20).archived
            assert (tmp_path / "received" / point.segment).exists()
            assert_unseen_by_a_stranger(world.server)
        wait_until(lambda: not wal.archiving(session).receivers, "the receiver to be gone")
        world.set("archive_command", world.command)


def assert_unseen_by_a_stranger(server: Server) -> None:
    """Who may not see whose slot it is must not take a standby's for an archive."""
    server.query("postgres", "CREATE ROLE stranger LOGIN PASSWORD 'strange'")
    with server.connect(user="stranger", password="strange") as stranger:
        facts = wal.archiving(stranger)
    server.query("postgres", "DROP ROLE stranger")
    assert (facts.receivers, facts.unseen) == ((), ("kept",))
    assert (facts.may_mark, facts.may_switch) == (False, False)


@contextmanager
def standby(server: Server, root: Path) -> Iterator[None]:
    """A streaming standby on a permanent slot, until the context ends."""
    root.mkdir()
    data = root / "data"
    user = [str(number) for number in account(data) or (-1, -1)]
    environment = {"PATH": os.defpath, "PGPASSWORD": server.password, "LC_ALL": "C"}

    def run(program: str, *words: str) -> None:
        command = [sys.executable, privileges.__file__, *user, "wait", server.program(program)]
        subprocess.run([*command, *words], check=True, env=environment, stdout=subprocess.DEVNULL)

    run(
        "pg_basebackup",
        f"--dbname=host={server.host} port={server.port} user={server.user}",
        f"--pgdata={data}",
        "--checkpoint=fast",
        "--write-recovery-conf",
        "--create-slot",
        "--slot=standby",
    )
    options = f"-c listen_addresses='' -c unix_socket_directories='{root}' -c archive_mode=off"
    run(
        "pg_ctl", "start", "-w", f"--pgdata={data}", f"--log={root / 'log'}", f"--options={options}"
    )
    try:
        yield
    finally:
        run("pg_ctl", "stop", f"--pgdata={data}", "--mode=immediate")
        server.query("postgres", "SELECT pg_drop_replication_slot('standby')")


def test_a_standby_is_no_archive(world: Archived, tmp_path: Path) -> None:
    """What a migration destroys, it destroys there too."""
    with world.server.connect() as session:
        world.set("archive_command", "")
        with standby(world.server, tmp_path / "standby"):
            replays = "SELECT replay_lsn IS NOT NULL FROM pg_stat_replication"
            wait_until(
                lambda: world.server.query("postgres", replays) == [(True,)],
                "the standby to replay",
            )
            facts = wal.archiving(session)
            assert (facts.receivers, facts.unseen, facts.way) == ((), (), None)
        world.set("archive_command", world.command)
    shutil.rmtree(tmp_path / "standby")
