"""Client programs that are not there, of another version, or that lie about how they ended."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from safe_migrate.postgres import tools
from safe_migrate.postgres.embedded import Cluster
from tests.faults import setting
from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial
from tests.servers import Server

NAME = "client programs"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
PG_BIN = """
from django.conf import settings
settings.SAFE_MIGRATE["PG_BIN"] = {folder!r}
"""
# Each is asked for its version first, as a person would ask it.
LYING = """#!/bin/sh
case "$1" in --version) exec {real} --version;; esac
{body}
"""
BODIES = {
    "writes nothing and exits 0": "exit 0",
    "writes half and exits 0": '{real} "$@" > {scratch}; head -c 30000 {scratch}; exit 0',
    "writes all but the end and exits 0": (
        '{real} "$@" > {scratch}; head -c -200 {scratch}; exit 0'
    ),
    "writes all and exits 1": '{real} "$@"; exit 1',
    "writes something else and exits 0": "head -c 50000 /dev/zero; exit 0",
    "dies by a signal": '{real} "$@" | head -c 20000; kill -9 $$',
    "repeats itself": '{real} "$@"; {real} "$@"; exit 0',
}


def use(trial: Trial, folder: Path) -> None:
    """Have the command find its programs there."""
    if trial.subject.kind == "ours":
        trial.preludes.append(PG_BIN.format(folder=str(folder)))
    else:
        path = f"{folder}:/usr/bin:/bin" if any(folder.iterdir()) else str(folder)
        trial.preludes.append(setting.VARIABLES.format(changes={"PATH": path}))


@contextmanager
def lying(trial: Trial, body: str) -> Iterator[None]:
    """A pg_dump that does not do what it should, and the real others beside it."""
    client = tools.find_client(None, 18)
    folder = trial.subject.root / "programs"
    folder.mkdir()
    for name in ("pg_restore", "psql"):
        (folder / name).symlink_to(client.folder / name)
    scratch = folder / "scratch"
    text = LYING.format(real=client.pg_dump, body=body.format(real=client.pg_dump, scratch=scratch))
    (folder / "pg_dump").write_text(text)
    (folder / "pg_dump").chmod(0o755)
    use(trial, folder)
    yield
    shutil.rmtree(folder)


@contextmanager
def missing(trial: Trial) -> Iterator[None]:
    """No program at all."""
    folder = trial.subject.root / "programs"
    folder.mkdir()
    use(trial, folder)
    yield
    shutil.rmtree(folder)


def older(trial: Trial) -> None:
    """Debian's programs of PostgreSQL 15 against a server of 18."""
    if not DEBIAN_15.is_dir():
        pytest.skip("Debian's PostgreSQL 15 is not installed")
    use(trial, DEBIAN_15)


@contextmanager
def newer(trial: Trial) -> Iterator[None]:
    """The programs of 18 against a server of 16, with the same databases on it."""
    subject, world = trial.subject, trial.subject.world
    usual, known = world.server, (subject.original, subject.present)
    cluster = Cluster(world.root / "older", 16, {"fsync": "off"})
    address = cluster.ensure()
    older_server = Server(address.host, address.port, address.user, address.password)
    names = [f"shop_{subject.name}-{name}" for name in ("original", "present")]
    moved = {name: _script(usual, name) for name in names}
    world.server = older_server
    try:
        world.role(subject.role, subject.secrets["password"])
        for name, script in moved.items():
            _load(older_server, name, subject.role, script)
        subject.original, subject.present = map(world.state, names)
        trial.original = subject.original
        subject.set_back("original")
        use(trial, tools.find_client(None, 18).folder)
        yield
    finally:
        world.server = usual
        subject.original, subject.present = known
        cluster.stop()


def _script(server: Server, database: str) -> str:
    """What makes a database, without what only 18 understands."""
    client = tools.find_client(None, 18)
    given = {"host": server.host, "port": server.port, "user": server.user}
    given |= {"password": server.password, "dbname": database}
    made = subprocess.run(
        [client.pg_dump], env=tools.child_environment(given), capture_output=True, check=True
    ).stdout.decode()
    left_out = ("SET transaction_timeout", "\\restrict", "\\unrestrict")
    return "".join(line for line in made.splitlines(keepends=True) if not line.startswith(left_out))


def _load(server: Server, database: str, owner: str, script: str) -> None:
    server.query("postgres", f'CREATE DATABASE "{database}" OWNER "{owner}"')
    given = {"host": server.host, "port": server.port, "user": server.user}
    given |= {"password": server.password, "dbname": database}
    psql = tools.find_client(None, 18).folder / "psql"
    subprocess.run(
        [psql, "--set=ON_ERROR_STOP=1", "--quiet", "--no-psqlrc"],
        input=script.encode(),
        env=tools.child_environment(given),
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def forbidden(trial: Trial) -> Iterator[None]:
    """A pg_dump that cannot be executed."""
    with missing(trial):
        folder = trial.subject.root / "programs"
        (folder / "pg_dump").write_text("#!/bin/sh\nexit 0\n")
        (folder / "pg_restore").write_text("#!/bin/sh\nexit 0\n")
        os.sync()
        yield


def faults() -> Iterator[Fault]:
    """For a backup, a migration and a restore."""
    for name, body in BODIES.items():
        for command in ("create", "migrate"):
            yield Fault(
                family=NAME,
                name=f"pg_dump {name}, {command}",
                act=Act.MAKING,
                inject=partial(lying, body=body),
                command=command,
            )
    for name, inject in (("older", older), ("missing", missing), ("not executable", forbidden)):
        for command in ("create", "migrate"):
            yield Fault(
                family=NAME,
                name=f"{name}, {command}",
                act=Act.MAKING,
                inject=inject,
                command=command,
            )
        yield Fault(family=NAME, name=f"{name}, restore", act=Act.RESTORING, inject=inject)
    yield Fault(
        family=NAME,
        name="newer, create",
        act=Act.MAKING,
        inject=newer,
        alone=True,
    )
