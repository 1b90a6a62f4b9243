"""A backup as SQL text: whole and restorable, or no file."""

import secrets
import subprocess
from pathlib import Path

import pytest

from safe_migrate.backups import manifest as manifests
from safe_migrate.postgres.tools import child_environment
from tests.backups.restoring import as_text, backed_up
from tests.projects import Foreign, assert_failure
from tests.servers import Server


@pytest.fixture
def backup(foreign: Foreign, server: Server, database: str) -> str:
    foreign.ok("safe_migrate")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('it''s')")
    server.query(database, "SELECT lo_from_bytea(0, 'a large object')")
    return backed_up(foreign)


def run_script(server: Server, database: str, script: bytes) -> None:
    parameters = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": database,
    }
    subprocess.run(
        [server.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"],
        input=script,
        env=child_environment(parameters),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def test_the_script_makes_the_database_again(
    foreign: Foreign, server: Server, database: str, backup: str, tmp_path: Path, backups: Path
) -> None:
    path = tmp_path / "my 'out.sql"
    listed = {file.name for file in backups.iterdir()}
    said = foreign.ok("safe_backup", "export", backup, "--format", "sql", "--output", str(path))
    assert said.out.startswith(f"{path}: ")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {file.name for file in backups.iterdir()} == listed
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    with server.database(f"t_{secrets.token_hex(6)}") as other:
        run_script(server, other, path.read_bytes())
        assert as_text(server, other) == as_text(server, database)
    shown = foreign.ok("safe_backup", "export", backup, "--output", "-").out
    # Each dump draws a token of its own for \restrict.
    kept = [line for line in path.read_text().splitlines() if "restrict " not in line]
    assert [line for line in shown.splitlines() if "restrict " not in line] == kept


def test_a_file_that_is_there_is_not_replaced(
    foreign: Foreign, backup: str, tmp_path: Path
) -> None:
    path = tmp_path / "out.sql"
    path.write_text("mine")
    assert_failure(
        foreign.run("safe_backup", "export", backup, "--output", str(path)),
        4,
        f"""
        SM-B417 {path} is there already.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Give --output a name that is free, or remove the file.
        More: docs/errors.md#sm-b417
        """,
    )
    assert path.read_text() == "mine"


def test_nothing_remains_of_what_could_not_be_finished(
    foreign: Foreign, backup: str, tmp_path: Path, backups: Path, small_disk: Path
) -> None:
    missing = tmp_path / "missing" / "out.sql"
    assert_failure(
        foreign.run("safe_backup", "export", backup, "--output", str(missing)),
        6,
        f"""
        SM-B416 {missing} could not be written: No such file or directory.
        State: The database was not touched; no file remains.
        Lost: Nothing was lost.
        Next: Give --output a folder with more room.
        More: docs/errors.md#sm-b416
        """,
    )
    (small_disk / "filled").write_bytes(b"x" * 1_790_000)
    full = foreign.run("safe_backup", "export", backup, "--output", str(small_disk / "out.sql"))
    assert full.failure().startswith("SM-B416")
    assert "No space left on device" in " ".join(full.failure().split())
    assert {file.name for file in small_disk.iterdir()} == {"taken", "filled"}

    manifest = manifests.from_json((backups / f"{backup}.manifest.json").read_text())
    data = bytearray((backups / manifest.data).read_bytes())
    data[len(data) // 2] ^= 1
    (backups / manifest.data).write_bytes(data)
    damaged = foreign.run("safe_backup", "export", backup, "--output", str(tmp_path / "out.sql"))
    assert damaged.code == 8 and damaged.failure().startswith("SM-B30")
    assert not (tmp_path / "out.sql").exists()
