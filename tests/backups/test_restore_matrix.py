"""After each kind of migration the backup made before it gives the old database back, exactly."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import Connection

from safe_migrate.backups.compare import differences
from safe_migrate.postgres import schema, tools
from safe_migrate.postgres.fingerprint import fingerprints
from safe_migrate.postgres.snapshot import count_rows
from tests.backups import majors, matrix
from tests.backups.majors import MAJORS
from tests.backups.matrix import EXTENSIONS, KINDS, Kind
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


def dump(server: Server, database: str, archive: Path) -> None:
    program(server, database, "pg_dump", "-Fc", "-Z0", "-f", str(archive))


def restore(server: Server, database: str, archive: Path) -> None:
    program(server, database, "pg_restore", "--exit-on-error", "-d", database, str(archive))


def run(session: Connection, kind: Kind, major: int) -> None:
    session.execute(kind.sql.format(extension=EXTENSIONS[major][0]).encode())


def definitions(objects: dict[str, str]) -> dict[str, str]:
    """Without the values of sequences, which no rollback takes back."""
    return {k: v for k, v in objects.items() if not k.startswith(schema.SEQUENCE_VALUE)}


def test_the_backup_gives_the_old_state_back_after_all_of_them(world: World) -> None:
    server = world.server
    with server.database() as place, server.database() as restored:
        restore(server, place, world.archive)
        with server.connect(place) as session:
            for kind in KINDS:
                if kind.since <= world.major:
                    run(session, kind, world.major)
        restore(server, restored, world.archive)
        assert state(server, restored) == world.before
        with server.connect(restored) as session:
            assert differences(world.before, session, fingerprint=True, ownership=True) == []


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
        objects = schema.objects(session)
        if kind.data_only:
            assert definitions(objects) == definitions(before.objects)
            assert fingerprints(session, before.rows) != before.fingerprints
        else:
            assert definitions(objects) != definitions(before.objects)
        assert differences(before, session, fingerprint=True, ownership=True) != []
