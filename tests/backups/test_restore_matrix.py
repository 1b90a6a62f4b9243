"""After each kind of migration the backup made before it gives the old database back, exactly."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import Connection

from safe_migrate.backups.compare import differences
from safe_migrate.postgres import schema, tools
from safe_migrate.postgres.fingerprint import fingerprints
from safe_migrate.postgres.snapshot import count_rows
from tests import projects
from tests.backups import majors, matrix
from tests.backups.majors import MAJORS
from tests.backups.matrix import EXTENSIONS, KINDS, Kind
from tests.projects import Foreign
from tests.servers import Server


@dataclass(frozen=True)
class State:
    """What a manifest holds of a database."""

    server_major: int
    objects: dict[str, str]
    rows: dict[str, int]
    fingerprints: dict[str, str]


@dataclass(frozen=True)
class World:
    """A server with a database in the old schema, and its backup."""

    server: Server
    major: int
    database: str
    archive: Path
    before: State

    @property
    def kinds(self) -> list[Kind]:
        """Those that this version has."""
        return [kind for kind in KINDS if kind.since <= self.major]


@pytest.fixture(scope="module", params=MAJORS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    major: int = request.param
    archive = tmp_path_factory.mktemp("matrix") / "before.dump"
    with majors.running(major) as server, server.database() as database:
        server.query(database, matrix.before(major))
        before = state(server, database)
        dump(server, database, archive)
        yield World(server, major, database, archive, before)


def state(server: Server, database: str) -> State:
    with server.connect(database) as session:
        rows = count_rows(session)
        return State(server.major, schema.objects(session), rows, fingerprints(session, rows))


def program(server: Server, database: str, *arguments: str) -> None:
    parameters = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": database,
    }
    ended = subprocess.run(
        [server.program(arguments[0]), *arguments[1:]],
        env=tools.child_environment(parameters),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


@dataclass(frozen=True)
class Place:
    """A project whose database is in the old schema, with a backup by the real command."""

    server: Server
    database: str
    project: Foreign
    backup: str
    before: State

    def restore(self) -> None:
        """Put what the backup restores to in the database's place; drop what that has kept."""
        confirm = ("--noinput", "--confirm", self.database)
        self.project.ok("safe_backup", "restore", self.backup, *confirm)
        drop_kept(self.server, self.database)


@pytest.fixture
def place(world: World, tmp_path: Path) -> Iterator[Place]:
    server = world.server
    with server.database() as database:
        server.query(database, matrix.before(world.major))
        project = projects.foreign(tmp_path / "project", server.url(database), tmp_path / "backups")
        project.ok("safe_migrate")
        made = project.ok("safe_backup", "create", "--format", "json").document
        try:
            before = state(server, database)
            yield Place(server, database, project, made["manifest"]["id"], before)
        finally:
            drop_kept(server, database)


def drop_kept(server: Server, database: str) -> None:
    kept = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    for (name,) in server.query("postgres", kept, f"{database}__"):
        server.query("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


def dump(server: Server, database: str, archive: Path) -> None:
    program(server, database, "pg_dump", "-Fc", "-Z0", "-f", str(archive))


def restore(server: Server, database: str, archive: Path) -> None:
    program(server, database, "pg_restore", "--exit-on-error", "-d", database, str(archive))


def run(session: Connection, kind: Kind, major: int) -> None:
    session.execute(kind.sql.format(extension=EXTENSIONS[major][0]).encode())


def definitions(objects: dict[str, str]) -> dict[str, str]:
    """Without the values of sequences, which no rollback takes back."""
    return {k: v for k, v in objects.items() if not k.startswith(schema.SEQUENCE_VALUE)}


def test_the_backup_gives_the_old_state_back_after_all_of_them(place: Place, world: World) -> None:
    with place.server.connect(place.database) as session:
        for kind in world.kinds:
            run(session, kind, world.major)
    assert state(place.server, place.database) != place.before
    place.restore()
    assert state(place.server, place.database) == place.before


@pytest.mark.skipif(
    os.environ.get("RESTORE_MATRIX") != "each", reason="takes minutes: RESTORE_MATRIX=each"
)
def test_the_backup_gives_the_old_state_back_after_each_of_them(place: Place, world: World) -> None:
    for kind in world.kinds:
        with place.server.connect(place.database) as session:
            run(session, kind, world.major)
        assert state(place.server, place.database) != place.before, kind.name
        place.restore()
        assert state(place.server, place.database) == place.before, kind.name


def test_a_definition_is_the_same_after_it_was_restored_twice(world: World, tmp_path: Path) -> None:
    """Though PostgreSQL prints it in another way."""
    server, archive = world.server, tmp_path / "definitions.dump"
    with server.database() as first, server.database() as second, server.database() as third:
        server.query(first, (Path(__file__).parent / "definitions.sql").read_text())
        before = state(server, first)
        for source, target in ((first, second), (second, third)):
            dump(server, source, archive)
            restore(server, target, archive)
            assert state(server, target) == before
        printed = """
            SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND contype = 'c' ORDER BY conname"""
        was, now = server.query(first, printed), server.query(third, printed)
        assert [name for name, _ in was] == [name for name, _ in now]
        assert was != now


@pytest.mark.parametrize("major", [major for major in MAJORS if major < 18])
def test_a_newer_server_gives_the_same_back(major: int, tmp_path: Path) -> None:
    """Single-table views are deparsed otherwise since 16, and 17 has one more privilege."""
    archive = tmp_path / "old.dump"
    with ExitStack() as stack:
        older = stack.enter_context(majors.running(major))
        newer = stack.enter_context(majors.running(18))
        database = stack.enter_context(older.database())
        restored = stack.enter_context(newer.database())
        older.query(database, matrix.before(major, extended=False))
        dump(older, database, archive)
        restore(newer, restored, archive)
        before, after = state(older, database), state(newer, restored)
        assert (after.rows, after.fingerprints) == (before.rows, before.fingerprints)
        changed = {k for k in before.objects | after.objects if _differs(before, after, k)}
        assert changed - {"view public.busy", "view public.outs"} <= {
            "materialised view public.summary",
            "grants on table public.book",
        }
        with newer.connect(restored) as session:
            assert differences(before, session, fingerprint=True, ownership=True) == []


def _differs(one: State, other: State, key: str) -> bool:
    return one.objects.get(key) != other.objects.get(key)


# The value of a sequence is left out: no rollback takes it back.
@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.name != "a sequence's value"], ids=lambda kind: kind.name
)
def test_what_a_migration_changes_is_seen(world: World, kind: Kind) -> None:
    if kind.since > world.major:
        pytest.skip(f"came with PostgreSQL {kind.since}")
    before = world.before
    with world.server.connect(world.database) as session, session.transaction(force_rollback=True):
        run(session, kind, world.major)
        assert differences(before, session, fingerprint=kind.data_only, ownership=True) != []
        if kind.data_only:
            assert definitions(schema.objects(session)) == definitions(before.objects)
