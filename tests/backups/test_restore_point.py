"""A restore point is a backup only where its log is archived and a base backup is there."""

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safe_migrate.backups.base import files, notes
from safe_migrate.backups.base.notes import Base, Kind
from safe_migrate.backups.restore_point import hook as hooks
from safe_migrate.backups.restore_point import recipe as recipes
from safe_migrate.postgres import hook
from safe_migrate.postgres.wal import Point
from tests.archives import Archived, archived, configure
from tests.projects import Foreign, assert_failure
from tests.reports.test_schemas import assert_valid
from tests.servers import Server

NOTHING = """
State: The database was not touched: no migration runs without a verified backup.
Lost: Nothing was lost.
"""
UNTOUCHED = """
State: The database was not touched.
Lost: Nothing was lost.
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    with archived(tmp_path_factory.mktemp("restore-point")) as world:
        yield world


@pytest.fixture
def own(world: Archived) -> Iterator[str]:
    """A fresh database of that server."""
    with world.server.database() as name:
        yield name


@pytest.fixture(scope="module")
def whole(world: Archived, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one base backup, for tests that only need one to be there."""
    folder = tmp_path_factory.mktemp("whole")
    with world.server.database() as name:
        project = world.project(folder / "project", name, BASE_BACKUP_DIR=str(folder / "bases"))
        project.ok("safe_backup", "base", "--fast")
    yield folder / "bases"
    shutil.rmtree(folder)


@pytest.fixture
def bases(tmp_path: Path) -> Iterator[Path]:
    """A folder for base backups, gone after the test: each is a whole cluster."""
    yield tmp_path / "bases"
    shutil.rmtree(tmp_path / "bases", ignore_errors=True)


@pytest.fixture
def project(world: Archived, own: str, whole: Path, tmp_path: Path) -> Foreign:
    """A project with a pending migration; all is well."""
    return ready(world, own, whole, tmp_path)


@pytest.fixture
def baseless(world: Archived, own: str, bases: Path, tmp_path: Path) -> Foreign:
    """The same without a base backup."""
    return ready(world, own, bases, tmp_path)


def ready(world: Archived, database: str, bases: Path, where: Path) -> Foreign:
    return world.project(
        where / "project",
        database,
        BASE_BACKUP_DIR=str(bases),
        RESTORE_COMMAND=world.restore_command,
    )


def answering(project: Foreign, *lines: str) -> str:
    """A hook of these lines of shell."""
    script = project.write("hook", "#!/bin/sh\n" + "\n".join(lines) + "\n")
    script.chmod(0o755)
    return str(script)


def answer(**changed: Any) -> str:
    """A line of shell that answers well, but for what is changed."""
    given = {
        "base_backup": "/base",
        "finished_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "restore_command": "fetch %f %p",
    }
    return f"echo '{json.dumps({**given, **changed})}'"


def tables(server: Server, database: str) -> list[tuple[Any, ...]]:
    return server.query(database, "SELECT relname FROM pg_class WHERE relname = 'shelf_book'")


def folder_of(project: Foreign) -> Path:
    return Path(project.variables["BACKUPS"])


def stored(project: Foreign) -> list[str]:
    return sorted(path.name for path in folder_of(project).glob("backup-*"))


def test_what_is_stored_is_listed_and_verified_like_any_backup(
    project: Foreign, world: Archived, own: str, whole: Path
) -> None:
    report = project.ok("safe_migrate", "--format", "json").document
    identifier = report["backup"]["id"]
    assert report["backup"]["level"] == "stored"
    assert tables(world.server, own) == [("shelf_book",)]
    manifest = json.loads((folder_of(project) / f"{identifier}.manifest.json").read_text())
    assert manifest["kind"] == "restore-point"
    assert manifest["data"] == f"{identifier}.recovery.txt"
    assert "shelf.0001_initial" in manifest["pending"]
    recipe = folder_of(project) / manifest["data"]
    text = recipe.read_text()
    assert f"recovery_target_name = 'safe_migrate_{identifier}'" in text
    assert f"cp -a {whole}/base-staging-" in text
    assert world.server.password not in text
    [listed] = project.ok("safe_backup", "list", "--format", "json").document["backups"]
    assert (listed["id"], listed["level"]) == (identifier, "stored")
    verified = project.ok("safe_backup", "verify", "--latest", "--level", "readable").out
    assert verified.split() == ["ok", identifier, "stored"]
    restored = project.run("safe_backup", "verify", "--latest", "--level", "restored")
    assert (restored.code, "SM-B622" in restored.out) == (8, True)
    recipe.write_text(text.replace("pause", "pausE"))
    edited = project.run("safe_backup", "verify", identifier)
    assert (edited.code, "SM-B301" in edited.out) == (8, True)


def test_one_can_be_made_by_hand(project: Foreign) -> None:
    created = project.ok("safe_backup", "create", "--level", "readable").out
    assert "verified: stored" in created
    assert "# 3. Recover, and wait until the restore point is reached." in created


def test_archiving_is_off(foreign: Foreign, server: Server, database: str) -> None:
    configure(foreign)
    result = foreign.run("safe_migrate")
    assert_failure(
        result,
        8,
        f"""
        SM-B603 The write-ahead log is not archived: archive_mode is off, and no receiver streams
        through a permanent slot.
        {NOTHING}
        Next: ALTER SYSTEM SET archive_mode = 'on';  (then restart the server)
        Set archiving up: docs/point-in-time.md#the-server
        More: docs/errors.md#sm-b603
        """,
    )
    assert tables(server, database) == []
    shown = foreign.run("safe_doctor")
    assert shown.code == 4
    assert "FAIL archiving" in shown.out


def test_the_archive_command_fails(project: Foreign, world: Archived, own: str) -> None:
    world.set("archive_command", "false")
    try:
        result = project.run("safe_migrate")
    finally:
        world.set("archive_command", world.command)
    said = " ".join(result.failure().split())
    assert result.code == 8
    assert said.startswith("SM-B606 Archiving fails: 0000000100000000000000"), said
    assert f" at {datetime.now(UTC):%Y-%m-%d} " in said
    assert " could not be archived at " in said and "; the restore point is in 0000" in said
    assert "Look into the server's log for what archive_command said, and mend it." in said
    assert "no migration runs without a verified backup" in said
    assert tables(world.server, own) == []
    assert stored(project) == []


def test_a_slow_archive_is_waited_for_so_long(project: Foreign, world: Archived, own: str) -> None:
    world.set("archive_command", f"sleep 3; {world.command}")
    try:
        configure(project, POLICY={"BACKUP_ARCHIVE_WAIT_SECONDS": 1})
        result = project.run("safe_migrate")
        assert tables(world.server, own) == []
        configure(project, POLICY={"BACKUP_ARCHIVE_WAIT_SECONDS": 30})
        project.ok("safe_migrate")
    finally:
        world.set("archive_command", world.command)
    said = " ".join(result.failure().split())
    assert result.code == 8
    assert said.startswith("SM-B607 0000000100000000000000"), said
    assert (
        ", which holds the restore point, was not archived within 1 s; the last one was 0" in said
    )
    assert "BACKUP_ARCHIVE_WAIT_SECONDS" in said
    assert tables(world.server, own) == [("shelf_book",)]


def test_the_role_may_not_mark_the_log(project: Foreign, world: Archived, own: str) -> None:
    role = f"r_{own}"
    with world.server.connect(own) as session:
        session.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'of-the-role'")
        session.execute(f"ALTER DATABASE {own} OWNER TO {role}")
    url = world.server.url(own, user=role, password="of-the-role")
    refused = project.run("safe_migrate", URL=url)
    functions = "pg_catalog.pg_create_restore_point(text), pg_catalog.pg_switch_wal()"
    assert_failure(
        refused,
        8,
        f"""
        SM-B605 User '{role}' may not execute pg_catalog.pg_create_restore_point(text) and
        pg_catalog.pg_switch_wal().
        {NOTHING}
        Next: As superuser, in the database "{own}":
        GRANT EXECUTE ON FUNCTION {functions} TO "{role}";
        python manage.py safe_doctor
        More: docs/errors.md#sm-b605
        """,
    )
    assert_failure(
        project.run("safe_backup", "base", URL=url),
        4,
        f"""
        SM-B614 User '{role}' may not copy the cluster: it has no REPLICATION right.
        {UNTOUCHED}
        Next: ALTER ROLE "{role}" REPLICATION;
        Or name a role that has it in BACKUP_DATABASE_URL.
        More: docs/errors.md#sm-b614
        """,
    )
    [granting] = [line for line in refused.err.splitlines() if "GRANT EXECUTE" in line]
    try:
        world.server.query(own, granting.strip())
        world.server.query(own, f'ALTER ROLE "{role}" REPLICATION')
        project.ok("safe_backup", "base", "--fast", URL=url)
        project.ok("safe_migrate", URL=url)
        assert tables(world.server, own) == [("shelf_book",)]
    finally:
        with world.server.connect(own) as session:
            session.execute(f"REASSIGN OWNED BY {role} TO postgres")
            session.execute(f"DROP OWNED BY {role}")
            session.execute(f"DROP ROLE {role}")


def test_no_base_backup_is_there(baseless: Foreign, bases: Path) -> None:
    assert_failure(
        baseless.run("safe_migrate"),
        8,
        f"""
        SM-B610 No base backup of this cluster is in {bases}, and a restore point is worth nothing
        without one.
        {NOTHING}
        Next: python manage.py safe_backup base
        python manage.py safe_migrate
        More: docs/errors.md#sm-b610
        """,
    )
    assert stored(baseless) == []


def test_nobody_has_said_where_base_backups_are(
    world: Archived, own: str, bases: Path, tmp_path: Path
) -> None:
    project = world.project(tmp_path / "project", own)
    assert project.run("safe_migrate").failure().startswith("SM-B610  No base backup is known")
    assert project.run("safe_backup", "base").failure().startswith("SM-B613  ")
    configure(project, BASE_BACKUP_DIR=str(bases))
    project.ok("safe_backup", "base", "--fast")
    assert project.run("safe_migrate").failure().startswith("SM-B620  It is not known how recovery")
    configure(project, RESTORE_COMMAND="fetch %f %p", POLICY={"BACKUP_LEVEL": "restored"})
    assert project.run("safe_migrate").failure().startswith("SM-B622  BACKUP_LEVEL is restored")
    assert tables(world.server, own) == []


def test_the_base_backup_is_too_old_or_of_another_cluster(baseless: Foreign, bases: Path) -> None:
    base = baseless.ok("safe_backup", "base", "--fast", "--format", "json").document["base"]
    path = bases / f"{base['id']}.json"
    old = datetime.now(UTC) - timedelta(hours=30)
    path.write_text(json.dumps({**base, "finished_at": notes.utc(old)}))
    assert_failure(
        baseless.run("safe_migrate"),
        8,
        f"""
        SM-B619 The newest base backup, {base["id"]}, ended 30.0 h ago, and
        BASE_BACKUP_MAX_AGE_HOURS is 26.
        {NOTHING}
        Next: python manage.py safe_backup base
        python manage.py safe_migrate
        More: docs/errors.md#sm-b619
        """,
    )
    path.write_text(json.dumps({**base, "system_identifier": "1"}))
    assert baseless.run("safe_migrate").failure().startswith("SM-B610")
    path.write_text(json.dumps(base))
    baseless.ok("safe_migrate")


def test_a_base_backup_killed_on_its_way_does_not_count(baseless: Foreign, bases: Path) -> None:
    debris = bases / ".partial-base-staging-20200101T000000000000Z"
    debris.mkdir(parents=True)
    (debris / "PG_VERSION").write_text("18\n")
    (bases / "base-staging-20990101T000000000000Z").mkdir()
    assert baseless.run("safe_migrate").failure().startswith("SM-B610")
    assert baseless.run("safe_backup", "base", "--incremental").failure().startswith("SM-B616")
    baseless.ok("safe_backup", "base", "--fast")
    assert not debris.exists()
    baseless.ok("safe_migrate")


def test_every_byte_of_a_base_backup_is_compared(baseless: Foreign, bases: Path) -> None:
    document = baseless.ok("safe_backup", "base", "--fast", "--format", "json").document
    assert_valid(document, "safe_migrate.base_backup/1")
    base = document["base"]
    folder = bases / base["id"]
    assert document["folders"] == [str(folder)]
    assert files.verify(folder).sha256 == base["manifest_sha256"]
    for name, said in (
        ("PG_VERSION", "PG_VERSION is not what was copied"),
        ("global/pg_control", "global/pg_control is not what was copied"),
        ("backup_manifest", "its backup_manifest is incomplete"),
    ):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        with pytest.raises(files.Damaged, match=said):
            files.verify(folder)
        path.write_bytes(whole)
    (folder / "base" / "stranger").write_text("?")
    with pytest.raises(files.Damaged, match="base/stranger is not in its backup_manifest"):
        files.verify(folder)
    (folder / "base" / "stranger").unlink()
    (folder / "pg_ident.conf").unlink()
    with pytest.raises(files.Damaged, match=r"pg_ident\.conf is missing"):
        files.verify(folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "echo warning >&2; echo no such stanza >&2; exit 3",
            "SM-B608 BACKUP_HOOK {hook} failed with exit code 3: no such stanza",
        ),
        (
            "sleep 60 & sleep 60",
            "SM-B608 BACKUP_HOOK {hook} was stopped after 2 s: it said nothing",
        ),
        (
            "echo all is well",
            "SM-B609 BACKUP_HOOK {hook} did not answer as it must: not JSON. It wrote: all is well",
        ),
        (
            answer(finished_at="2099-01-01T00:00:00Z"),
            "SM-B619 The newest base backup, /base, ended after the restore point, so recovery",
        ),
    ],
    ids=["fails", "hangs", "chatters", "too late"],
)
def test_the_hook_does_not_answer_for_it(
    project: Foreign, world: Archived, own: str, line: str, said: str
) -> None:
    script = answering(project, line)
    configure(project, BACKUP_HOOK=[script], POLICY={"BACKUP_TIMEOUT_SECONDS": 2})
    result = project.run("safe_migrate")
    assert result.code == 8
    failure = " ".join(result.failure().split())
    assert failure.startswith(said.format(hook=script)), failure
    assert tables(world.server, own) == []
    assert stored(project) == []


def test_the_hook_is_told_the_point_and_no_secret(
    project: Foreign, world: Archived, own: str
) -> None:
    script = answering(project, 'env > "$1"', answer())
    told = project.folder / "told"
    configure(project, BACKUP_HOOK=[script, str(told)], RESTORE_COMMAND="")
    report = project.ok(
        "safe_migrate", "--format", "json", DATABASE_URL=world.server.url(own)
    ).document
    variables = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
    identifier = report["backup"]["id"]
    assert variables["SAFE_MIGRATE_RESTORE_POINT"] == f"safe_migrate_{identifier}"
    assert variables["SAFE_MIGRATE_ENVIRONMENT"] == "staging"
    assert variables["SAFE_MIGRATE_DATABASE"] == own
    assert (world.folder / variables["SAFE_MIGRATE_WAL_SEGMENT"]).exists()
    assert world.server.password not in told.read_text()
    assert variables["PATH"] == os.environ["PATH"]
    text = (Path(project.variables["BACKUPS"]) / f"{identifier}.recovery.txt").read_text()
    assert "restore_command = 'fetch %f %p'" in text
    assert f"at {variables['SAFE_MIGRATE_LSN']} in {variables['SAFE_MIGRATE_WAL_SEGMENT']}" in text


def based(identifier: str, parent: str = "", hours: int = 1, system: str = "7") -> Base:
    finished = datetime(2026, 11, 22, 20, tzinfo=UTC) - timedelta(hours=hours)
    return Base(
        schema=notes.SCHEMA,
        id=identifier,
        kind=Kind.INCREMENTAL if parent else Kind.FULL,
        parent=parent,
        environment="staging",
        started_at=notes.utc(finished),
        finished_at=notes.utc(finished),
        system_identifier=system,
        server_version="18.4",
        files=1,
        size=1,
        manifest_sha256="",
    )


def test_the_newest_whole_chain_is_taken() -> None:
    now = datetime(2026, 11, 22, 20, tzinfo=UTC)
    full, first, second = based("a", hours=9), based("b", "a", 8), based("c", "b", 7)
    assert notes.newest([second, first, full], "7", now) == [full, first, second]
    # A link is missing: what builds on it is worth nothing.
    assert notes.newest([second, full], "7", now) == [full]
    assert notes.newest([second, first, full], "8", now) == []
    assert notes.newest([second, first, full], "7", now - timedelta(hours=8)) == [full, first]
    assert notes.chain([based("a", "b"), based("b", "a")], based("a", "b")) == []


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("", "0 lines where one of JSON is expected"),
        ("{}\n{}", "2 lines where one of JSON is expected"),
        ("[]", "not a JSON object"),
        ("{}", "base_backup is missing"),
        ('{"base_backup": "a\\nb"}', "base_backup is not text on one line"),
        ('{"base_backup": 1}', "base_backup is not text on one line"),
        ('{"base_backup": "a", "finished_at": "now"}', "finished_at is 'now', not a time"),
        (
            '{"base_backup": "a", "finished_at": "2026-11-22T10:00:00"}',
            "without its offset from UTC",
        ),
        (
            '{"base_backup": "a", "finished_at": "2026-11-22T10:00:00Z", "recover": "cp"}',
            "recover is not a list of lines",
        ),
    ],
)
def test_an_answer_that_is_none(out: str, said: str) -> None:
    with pytest.raises(hooks.NotAnAnswer, match=said):
        hooks.parse(out)


def test_secrets_are_told_from_words() -> None:
    assert hook.holds("postgresql://u:s%40cret@h/d", "s@cret")
    assert hook.holds("s@cret", "s@cret")
    assert not hook.holds("/usr/lib/postgresql/18/bin", "postgres")
    assert hook.blotted("password longenough is wrong", ["longenough"]) == "password *** is wrong"


def test_a_name_cannot_leave_its_place_in_the_recipe() -> None:
    database = "x\nrm -rf '/'"
    point = Point(name="p", lsn="0/1", segment="0" * 7 + "2" + "0" * 16, at=datetime.now(UTC))
    text = recipes.text(
        recipes.Recovery(
            id="i",
            database=database,
            user="o'neil",
            server_major=18,
            point=point,
            base="b\nrm",
            fetch=recipes.copying(["/a folder"]),
            restore_command="cp '/a\\b/%f' %p",
            needed={"max_connections": 100},
        )
    )
    assert "# i: how to get back x?rm -rf '/' as it was at " in text
    assert f"PGDATABASE={shlex.quote(database)}" in text
    assert "# Base backup b?rm." in text
    assert "cp -a '/a folder'/. \"$SIDE\"" in text
    assert "restore_command = 'cp ''/a\\\\b/%f'' %p'" in text
    assert "recovery_target_timeline = '2'" in text
    assert "PGUSER='o'\"'\"'neil'" in text
