"""A server of a test's own whose write-ahead log is archived, and a project that relies on it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from safe_migrate.postgres.embedded import Cluster, privileges
from safe_migrate.postgres.embedded.launch import account
from tests import projects
from tests.projects import Foreign, Project, Result, wait_until
from tests.servers import Server

MAJOR = 18


@dataclass(frozen=True)
class Archived:
    """The server, the folder its log is copied to, and where everything lies."""

    server: Server
    root: Path

    @property
    def folder(self) -> Path:
        """The archive."""
        return self.root / "archive"

    @property
    def command(self) -> str:
        """An archive_command that works."""
        return f"cp %p '{self.folder}/%f'"

    @property
    def restore_command(self) -> str:
        """Its counterpart."""
        return f"cp '{self.folder}/%f' %p"

    def set(self, name: str, value: str) -> None:
        """Change a setting of the server, for all sessions to come."""
        with self.server.connect() as session:
            session.execute(f"ALTER SYSTEM SET {name} = '{value.replace(chr(39), chr(39) * 2)}'")
            session.execute("SELECT pg_reload_conf()")

        def is_set() -> bool:
            return self.server.query("postgres", f"SHOW {name}") == [(value,)]

        wait_until(is_set, f"{name} to be set")

    def project(self, folder: Path, database: str, **settings: object) -> Foreign:
        """A project whose policy says restore-point, with these keys in SAFE_MIGRATE."""
        project = projects.foreign(folder, self.server.url(database), folder / "backups")
        configure(project, **settings)
        return project


def configure(project: Foreign, **settings: object) -> None:
    """Add keys to SAFE_MIGRATE; those of the policy are given as POLICY."""
    policy = settings.pop("POLICY", {})
    lines = [
        (project.folder / "settings.py").read_text(),
        "SAFE_MIGRATE['POLICY']['BACKUP_KIND'] = 'restore-point'",
        f"SAFE_MIGRATE['POLICY'].update({policy!r})",
        *(f"SAFE_MIGRATE[{key!r}] = {value!r}" for key, value in settings.items()),
    ]
    project.write("settings.py", "\n".join(lines) + "\n")


@contextmanager
def archived(root: Path) -> Iterator[Archived]:
    """Started for the context, gone with its processes after it."""
    (root / "archive").mkdir(parents=True)
    settings = {"fsync": "off", "archive_mode": "on", "summarize_wal": "on"}
    cluster = Cluster(root / "own", MAJOR, settings)
    address = cluster.ensure()
    world = Archived(Server(address.host, address.port, address.user, address.password), root)
    world.set("archive_command", world.command)
    try:
        yield world
    finally:
        cluster.stop()
        shutil.rmtree(root)


def recipe(project: Project, result: Result) -> str:
    """The recovery recipe as it was printed, which is the one that is stored."""
    lines = result.err.splitlines(keepends=True)
    [begin] = [i for i, line in enumerate(lines) if ": how to get back " in line]
    [end] = [i for i, line in enumerate(lines) if line.startswith("#      pg_restore ")]
    text = "".join(lines[begin : end + 1])
    identifier = lines[begin].split()[1].removesuffix(":")
    stored = Path(project.variables["BACKUPS"]) / f"{identifier}.recovery.txt"
    assert stored.read_text() == text
    return text


def follow(
    text: str, folder: Path, path: str, user: tuple[int, int] | None = None, **variables: str
) -> Path:
    """Do what a recipe says, as a user who is not root; the dump that it ends with.

    `path` is the folder with the server's programs. The side instance is removed.
    """
    folder.mkdir()
    script = folder / "recipe.sh"
    script.write_text(text)
    side, dump = folder / "side", folder / "recovered.dump"
    # Only root can become somebody else.
    other = (user or account(side)) if os.geteuid() == 0 else None
    become = [str(number) for number in other or (-1, -1)]
    done = subprocess.run(
        [sys.executable, privileges.__file__, *become, "wait", "/bin/sh", str(script)],
        cwd=folder,
        env={"PATH": f"{path}:{os.defpath}", "SIDE": str(side), "DUMP": str(dump), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    shutil.rmtree(side)
    return dump
