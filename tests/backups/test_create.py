"""Backups that are whole or not there: a full disk, kills, locks, and what a good one holds."""

import hashlib
import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from safe_migrate.backups import manifest as manifests
from tests.backups.unpacked import unpacked
from tests.projects import Foreign, Result, assert_failure, kill, wait_until
from tests.servers import Server

ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'


def fill(server: Server, database: str, rows: int) -> None:
    """Rows that do not compress: each about 3 KiB."""
    server.query(
        database,
        "INSERT INTO shelf_book (title) SELECT (SELECT string_agg(md5(format('%s %s', i, j)), '')"
        f" FROM generate_series(1, 100) j) FROM generate_series(1, {rows}) i",
    )


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def dumping(server: Server, database: str) -> list[tuple[int]]:
    return server.query(
        database,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_dump'"
        " AND datname = current_database()",
    )


@pytest.fixture
def pending(foreign: Foreign) -> Foreign:
    """A project with its first migration applied and a second one to come."""
    foreign.ok("safe_migrate")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.models("price = models.IntegerField(null=True)\n")
    return foreign


def test_a_backup_holds_what_its_manifest_says(
    pending: Foreign, server: Server, database: str, backups: Path
) -> None:
    fill(server, database, 50)
    for path in backups.iterdir():
        if path.is_file():
            path.unlink()
    report = pending.ok("safe_migrate", "--format", "json").document
    identifier = report["backup"]["id"]
    assert manifests.environment_of(identifier) == "staging"
    assert report["backup"]["level"] == "readable"
    manifest = manifests.from_json((backups / f"{identifier}.manifest.json").read_text())
    data = backups / manifest.data
    assert data.name == f"{identifier}.dump.zst"
    assert manifest.size == data.stat().st_size
    assert manifest.sha256 == hashlib.sha256(data.read_bytes()).hexdigest()
    assert manifest.rows["public.shelf_book"] == 50
    assert ["shelf", "0001_initial"] in manifest.migrations
    assert manifest.pending == ["shelf.0002_price"]
    assert manifest.server_major == server.major
    assert manifest.pg_dump_version.startswith(f"{server.major}.")
    for path in (data, backups / f"{identifier}.manifest.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(backups.stat().st_mode) == 0o700
    verified = json.loads((backups / f"{identifier}.verified.json").read_text())
    assert verified["level"] == "readable"


def test_the_dump_restores_with_pg_restore_to_the_manifests_counts(
    pending: Foreign, server: Server, database: str, backups: Path
) -> None:
    fill(server, database, 70)
    report = pending.ok("safe_migrate", "--format", "json").document
    with server.database() as copy:
        subprocess.run(
            [server.program("pg_restore"), "--exit-on-error", f"--dbname={server.url(copy)}"],
            input=unpacked(backups / report["backup"]["data"]),
            check=True,
        )
        for table, rows in report["backup"]["rows"].items():
            assert server.query(copy, f"SELECT count(*) FROM {table}") == [(rows,)], table


def test_the_disk_fills_up_during_the_dump(
    pending: Foreign, server: Server, database: str, small_disk: Path
) -> None:
    where = small_disk / "backups"
    pending.ok("safe_migrate", "shelf", "0001", "--backup", "always", BACKUPS=str(where))
    # Nothing was pending, so there is no backup yet: a small one is what the estimate goes by.
    pending.ok("dbbackup", BACKUPS=str(where))
    before = listed(where)
    fill(server, database, 2000)
    result = pending.run("safe_migrate", BACKUPS=str(where))
    said = " ".join(result.failure().split())
    assert result.code == 8, result.err
    assert said.startswith("SM-B204 The disk is full after "), said
    assert "of the backup; the partial file was removed." in said
    assert "no migration runs without a verified backup" in said
    assert listed(where) == before
    assert server.query(database, "SELECT name FROM django_migrations WHERE app = 'shelf'") == [
        ("0001_initial",)
    ]


def test_a_table_locked_against_reading_fails_the_backup_in_time(
    pending: Foreign, server: Server, database: str, backups: Path
) -> None:
    before = listed(backups)
    with server.connect(database) as holder, holder.transaction():
        pid = holder.info.backend_pid
        holder.execute("LOCK TABLE shelf_book IN ACCESS EXCLUSIVE MODE")
        result = pending.run("safe_migrate")
    said = " ".join(result.failure().split())
    assert result.code == 8
    assert said.startswith(
        f"SM-B210 A table could not be read within 3 s: it is locked by pid {pid} (user "
    ), said
    assert "no migration runs without a verified backup" in said
    assert f"SELECT pg_terminate_backend({pid});" in said
    assert listed(backups) == before


def slow_dump(server: Server, database: str) -> None:
    """Make pg_dump take its time: a view's lock is asked for by it, and by nobody before."""
    server.query(database, "CREATE VIEW slow AS SELECT 1 AS one")


def test_pg_dump_is_killed(pending: Foreign, server: Server, database: str, backups: Path) -> None:
    slow_dump(server, database)
    before = listed(backups)
    with server.connect(database) as holder, holder.transaction():
        holder.execute("DROP VIEW slow")
        process = pending.start("safe_migrate")
        wait_until(lambda: dumping(server, database), "pg_dump to wait for the lock")
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        out, err = process.communicate(timeout=30)
    assert_failure(
        Result(process.returncode, out, err),
        8,
        """
        SM-B202 pg_dump was killed by signal 9: it said nothing
        State: The database was not touched: no migration runs without a verified backup.
        Lost: Nothing was lost.
        Next: python manage.py safe_doctor
        python manage.py safe_migrate
        More: docs/errors.md#sm-b202
        """,
    )
    assert listed(backups) == before


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def test_killed_during_the_backup_the_same_command_finishes(
    pending: Foreign, server: Server, database: str, backups: Path
) -> None:
    slow_dump(server, database)
    before = listed(backups)
    with server.connect(database) as holder, holder.transaction():
        holder.execute("ALTER VIEW slow RENAME TO slower")
        process = pending.start("safe_migrate")
        wait_until(lambda: dumping(server, database), "pg_dump to wait for the lock")
        kill(process)
    debris = set(listed(backups)) - set(before)
    assert all(name.startswith(".partial-") for name in debris), debris
    wait_until(lambda: not dumping(server, database), "pg_dump to end by itself")
    report = pending.ok("safe_migrate", "--format", "json").document
    assert report["applied"] == ["shelf.0002_price"]
    assert not [name for name in listed(backups) if name.startswith(".partial-")]


def test_what_a_kill_or_somebody_left_under_partial_names_bars_no_run(
    pending: Foreign, backups: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (backups / ".partial-probe").touch()
    (backups / ".partial-link").symlink_to(precious)
    (backups / ".partial-dangling").symlink_to("nothing")
    report = pending.ok("safe_migrate", "--format", "json").document
    assert report["applied"] == ["shelf.0002_price"]
    assert not [name for name in listed(backups) if name.startswith(".partial-")]
    assert precious.read_text() == "precious"


def test_the_stock_command_makes_a_backup_of_ours_and_lists_it(
    pending: Foreign, server: Server, backups: Path
) -> None:
    pending.write(
        "settings.py",
        (pending.folder / "settings.py").read_text()
        + 'DBBACKUP_DATE_FORMAT = "%Y%m%dT%H%M%S%fZ.dump"\n',
    )
    before = set(listed(backups))
    pending.ok("dbbackup")
    new = sorted(set(listed(backups)) - before)
    assert [name.partition(".")[2] for name in new] == [
        "dump.zst",
        "dump.zst.metadata",
        "manifest.json",
    ]
    shown = pending.ok("listbackups").out
    assert new[0] in shown
    assert "manifest" not in shown


def test_a_partial_dump_of_the_stock_command_is_not_a_backup(
    pending: Foreign, backups: Path
) -> None:
    before = {name for name in listed(backups) if name.endswith(".manifest.json")}
    pending.ok("dbbackup", "--exclude-tables", "shelf_book")
    assert {name for name in listed(backups) if name.endswith(".manifest.json")} == before


def test_no_storage_for_backups(foreign: Foreign) -> None:
    text = (foreign.folder / "settings.py").read_text()
    foreign.write("settings.py", text + "del STORAGES['dbbackup']\n")
    result = foreign.run("safe_migrate")
    assert result.code == 1
    assert "(safe_migrate.E003)" in result.err
    assert_failure(
        foreign.run("safe_migrate", "--skip-checks"),
        4,
        """
        SM-B110 settings.STORAGES has no storage named "dbbackup": backups would land in
        MEDIA_ROOT, which is served to the public.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Add "dbbackup" to settings.STORAGES (see docs/reference.md#storage).
        More: docs/errors.md#sm-b110
        """,
    )


def test_a_role_that_may_not_read_everything(
    pending: Foreign, server: Server, database: str, backups: Path
) -> None:
    """pg_dump would only say that its snapshot has gone."""
    before = listed(backups)
    role = f"reader_{database}"
    server.query(database, f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    server.query(database, "CREATE TABLE theirs (i int)")
    try:
        pending.write(
            "settings.py",
            (pending.folder / "settings.py").read_text()
            + "SAFE_MIGRATE['BACKUP_DATABASE_URL'] = os.environ['READER']\n",
        )
        result = pending.run(
            "safe_migrate", READER=server.url(database, user=role, password="secret")
        )
    finally:
        server.query("postgres", f"DROP ROLE {role}")
    said = " ".join(result.failure().split())
    assert result.code == 8
    assert said.startswith(f"SM-B212 '{role}' may not read everything: permission denied for "), (
        said
    )
    assert f'Next: GRANT pg_read_all_data TO "{role}";' in said
    assert listed(backups) == before
