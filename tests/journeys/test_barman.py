"""Barman from Debian keeps the log and the base backup; its hook is the one in the docs."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import projects
from tests.archives import configure, follow, recipe
from tests.docs.pages import page
from tests.journeys.test_point_in_time import destroy
from tests.projects import Foreign, assert_failure
from tests.servers import Server

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
BARMAN = Path("/usr/bin/barman")
SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{root}'
archive_mode = on
archive_command = 'test ! -f {root}/barman/shop/incoming/%f && cp %p {root}/barman/shop/incoming/%f'
fsync = off
"""
CONFIGURATION = """
[barman]
barman_user = {user}
barman_home = {root}/barman
barman_lock_directory = {root}/barman
log_file = {root}/barman.log
path_prefix = {programs}

[shop]
description = the shop
conninfo = host={root} port={port} user=postgres dbname=postgres
streaming_conninfo = host={root} port={port} user=postgres
backup_method = postgres
archiver = on
immediate_checkpoint = true
"""


@dataclass(frozen=True)
class Kept:
    """A server whose log Barman keeps. Both run as an ordinary user, below `root`."""

    root: Path
    server: Server
    user: pwd.struct_passwd

    def run(self, *words: str) -> str:
        """Run a program as that user."""
        done = subprocess.run(
            words,
            user=self.user.pw_uid if os.geteuid() == 0 else None,
            group=self.user.pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd=self.root,
            env={"HOME": str(self.root), "PATH": f"{PROGRAMS}:{os.defpath}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def pg_ctl(self, *words: str) -> None:
        """The server's life."""
        log = ("-l", str(self.root / "server.log"))
        self.run(str(PROGRAMS / "pg_ctl"), "-D", str(self.root / "data"), *log, "-w", *words)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """Started, with nothing backed up yet."""
    if not BARMAN.exists():
        pytest.skip("Barman is not installed (.ci/install-test-servers)")
    if not (PROGRAMS / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed (.ci/install-test-servers)")
    user = pwd.getpwnam("barman") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    # Not below tmp_path, which only we may enter.
    root = Path(tempfile.mkdtemp(prefix="safe_migrate-barman-"))
    try:
        yield from _started(root, user)
    finally:
        shutil.rmtree(root)


def _started(root: Path, user: pwd.struct_passwd) -> Iterator[Kept]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server("127.0.0.1", port, "postgres", secrets.token_urlsafe(12))
    kept = Kept(root, server, user)
    values = {"root": root, "port": port, "user": user.pw_name, "programs": PROGRAMS}
    (root / "password").write_text(server.password)
    (root / ".barman.conf").write_text(CONFIGURATION.format(**values))
    # `barman check` would make it, and says at the same time what is not there yet.
    (root / "barman" / "shop" / "incoming").mkdir(parents=True)
    for path in (root, *root.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    kept.run(
        str(PROGRAMS / "initdb"),
        f"--pgdata={root / 'data'}",
        f"--pwfile={root / 'password'}",
        "--username=postgres",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--no-sync",
    )
    with (root / "data" / "postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(**values))
    kept.pg_ctl("start")
    try:
        yield kept
    finally:
        kept.pg_ctl("stop", "-m", "immediate")


def project_on(kept: Kept, folder: Path, database: str) -> Foreign:
    """A project that asks Barman by the hook of docs/point-in-time.md."""
    project = projects.foreign(folder, kept.server.url(database), folder / "backups")
    [hook] = (b.text for b in page("docs/point-in-time.md").blocks("python") if "BARMAN" in b.text)
    script = project.write("barman-hook", hook)
    script.chmod(0o755)
    configure(project, BACKUP_HOOK=[str(script), "shop"])
    root = os.geteuid() == 0
    user = f"setpriv --reuid={kept.user.pw_uid} --regid={kept.user.pw_gid} --clear-groups"
    project.variables["BARMAN"] = f"{user} {BARMAN}" if root else str(BARMAN)
    project.variables["HOME"] = str(kept.root)
    return project


def test_a_migration_is_undone_from_what_barman_keeps(kept: Kept, tmp_path: Path) -> None:
    kept.run(str(BARMAN), "switch-wal", "--force", "--archive", "shop")
    with kept.server.database() as database:
        project = project_on(kept, tmp_path / "project", database)
        assert_failure(
            project.run("safe_migrate"),
            8,
            f"""
            SM-B608 BACKUP_HOOK {tmp_path}/project/barman-hook failed with exit code 1: barman has
            no backup of shop
            State: The database was not touched: no migration runs without a verified backup.
            Lost: Nothing was lost.
            Next: Mend what it says.
            python manage.py safe_migrate
            More: docs/errors.md#sm-b608
            """,
        )
        kept.run(str(BARMAN), "backup", "--wait", "shop")
        project.ok("safe_migrate")
        kept.server.query(
            database,
            "INSERT INTO shelf_book (title) SELECT 'title ' || n FROM generate_series(1, 20) n",
        )
        before = kept.server.query(database, "SELECT id, title FROM shelf_book ORDER BY id")
        text = recipe(project, destroy(project))
        assert kept.server.query(database, "SELECT count(*) FROM shelf_book") == [(3,)]
        assert "barman recover --target-action=pause --target-name=safe_migrate_backup-" in text
    dump = follow(
        text,
        kept.root / "recovery",
        str(PROGRAMS),
        (kept.user.pw_uid, kept.user.pw_gid),
        HOME=str(kept.root),
    )
    with kept.server.database() as copy:
        kept.run(str(PROGRAMS / "pg_restore"), f"--dbname={kept.server.url(copy)}", str(dump))
        after = kept.server.query(copy, "SELECT id, title FROM shelf_book ORDER BY id")
    assert len(before) == 20
    assert after == before
