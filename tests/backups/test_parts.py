"""Backups in pg_dump's directory format: many files that stand or fall together."""

import subprocess
from pathlib import Path

import pyrage
import pytest

from tests.projects import Foreign, assert_failure
from tests.servers import Server


@pytest.fixture
def several(foreign: Foreign, server: Server, database: str) -> Foreign:
    """A project whose backups are made by two sessions of pg_dump."""
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text() + "SAFE_MIGRATE['POLICY']['BACKUP_JOBS'] = 2\n"
        "SAFE_MIGRATE['AGE_RECIPIENTS'] = os.environ.get('RECIPIENTS', '').split()\n",
    )
    for name in ("one", "two"):
        server.query(database, f"CREATE TABLE {name} AS SELECT i FROM generate_series(1, 5000) i")
    return foreign


def test_there_and_back(several: Foreign, server: Server, database: str, backups: Path) -> None:
    backup = several.ok("safe_migrate", "--format", "json").document["backup"]
    folder = backups / f"{backup['id']}.dump.d"
    assert backup["data"] == f"{backup['id']}.dump.parts"
    assert backup["level"] == "readable"
    files = sorted(path.name for path in folder.iterdir())
    assert "toc.dat" in files
    assert len(files) > 2
    assert backup["size"] > sum(path.stat().st_size for path in folder.iterdir())
    # As a person would check it, and restore it, without the tool.
    subprocess.run(["sha256sum", "--check", "--quiet", backup["data"]], cwd=backups, check=True)
    with server.database() as copy:
        subprocess.run(
            [server.program("pg_restore"), "-j2", f"--dbname={server.url(copy)}", str(folder)],
            check=True,
        )
        assert server.query(copy, "SELECT count(*) FROM two") == [(5000,)]
    several.ok("safe_backup", "verify", backup["id"], "--level", "restored")
    copy = f"{database}_copy"
    several.ok("safe_backup", "restore", backup["id"], "--to", copy)
    assert server.query(copy, "SELECT count(*) FROM one") == [(5000,)]
    server.query("postgres", f'DROP DATABASE "{copy}"')
    exported = several.ok("safe_backup", "export", backup["id"], "--output", "-").out
    assert "COPY public.two (i) FROM stdin;" in exported


@pytest.mark.parametrize(
    ("damage", "level"),
    [("flip", "stored"), ("remove", "readable"), ("add", "stored"), ("list", "restored")],
)
def test_damage_to_any_file_is_found(
    several: Foreign, backups: Path, damage: str, level: str
) -> None:
    identifier = several.ok("safe_backup", "create", "--format", "json").document["manifest"]["id"]
    folder = backups / f"{identifier}.dump.d"
    table = max(folder.glob("*.dat.gz"), key=lambda path: path.stat().st_size)
    if damage == "flip":
        spoilt = bytearray(table.read_bytes())
        spoilt[len(spoilt) // 2] ^= 1
        table.write_bytes(spoilt)
    elif damage == "remove":
        table.unlink()
    elif damage == "add":
        (folder / "9999.dat.gz").write_bytes(b"")
    else:
        listing = backups / f"{identifier}.dump.parts"
        listing.write_text(listing.read_text().replace("a", "b", 1))
    result = several.run("safe_backup", "verify", identifier, "--level", level)
    assert result.code == 8, result.out
    assert "SM-B301" in result.out
    assert "not verified" in several.ok("safe_backup", "list").out


def test_a_failed_dump_leaves_no_folder(
    several: Foreign, server: Server, database: str, backups: Path
) -> None:
    with server.connect(database) as holder, holder.transaction():
        holder.execute("LOCK TABLE one IN ACCESS EXCLUSIVE MODE")
        result = several.run("safe_migrate")
    assert result.failure().startswith("SM-B210"), result.failure()
    assert [path.name for path in backups.iterdir()] == ["runs"]


def test_it_is_refused_where_one_stream_is_needed(several: Foreign) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    assert_failure(
        several.run("safe_backup", "create", RECIPIENTS=key),
        4,
        """
        SM-B705 BACKUP_JOBS asks for pg_dump's directory format, but backups are encrypted.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Set SAFE_MIGRATE['POLICY']['BACKUP_JOBS'] to 1.
        More: docs/errors.md#sm-b705
        """,
    )
