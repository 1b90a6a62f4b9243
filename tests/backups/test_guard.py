"""Stock django-dbbackup commands in somebody else's project: none of them harms a backup."""

from datetime import timedelta
from pathlib import Path

import pytest

from safe_migrate.backups.manifest import Manifest
from tests.backups.histories import copied, real
from tests.projects import Foreign, Result
from tests.servers import Server

DAY = timedelta(days=1)


@pytest.fixture
def manifest(foreign: Foreign, server: Server, database: str, backups: Path) -> Manifest:
    """A backup, and a row in the database that came after it."""
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + 'DBBACKUP_DATE_FORMAT = "%Y%m%dT%H%M%S%fZ"\nDBBACKUP_CLEANUP_KEEP = 2\n'
        + 'MEDIA_ROOT = os.path.join(os.path.dirname(__file__), "media")\n',
    )
    (foreign.folder / "media").mkdir()
    foreign.ok("safe_migrate")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('later')")
    return real(backups)


def files(backups: Path) -> set[str]:
    return {path.name for path in backups.iterdir()}


def refusal(why: str, *remedies: str) -> str:
    first, *more = remedies
    return f"""
        CommandError: SM-B504 dbrestore restores over the live database 'default' and cannot be
        undone. {why}
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: {first}
        {" ".join(f"Next: {remedy}" for remedy in more)}
        More: docs/errors.md#sm-b504
    """


def assert_refused(result: Result, server: Server, database: str, why: str, *remedies: str) -> None:
    assert result.code == 4, result.err
    said = result.err[result.err.index("CommandError") :]
    assert said.split() == refusal(why, *remedies).split()
    assert server.query(database, "SELECT title FROM shelf_book") == [("later",)]


LIST = "python manage.py safe_backup list"
ANOTHER_TOOL = "A dump of another tool: docs/backups.md#restore-without-the-tool"


@pytest.mark.parametrize("way", ["named", "newest", "path", "no drop", "uncompress"])
def test_dbrestore_is_refused_with_the_command_that_restores(
    foreign: Foreign, server: Server, database: str, backups: Path, manifest: Manifest, way: str
) -> None:
    words = {
        "named": ("--input-filename", manifest.data),
        "newest": (),
        "path": ("--input-path", str(backups / manifest.data)),
        "no drop": ("--no-drop", "-i", manifest.data),
        "uncompress": ("--uncompress", "-i", manifest.data),
    }[way]
    assert_refused(
        foreign.run("dbrestore", "--noinput", *words),
        server,
        database,
        "A restore goes into a new database, is compared with its manifest and swapped in.",
        f"python manage.py safe_backup restore {manifest.id}",
    )


def test_a_backup_of_another_environment_is_refused(
    foreign: Foreign, server: Server, database: str, backups: Path, manifest: Manifest
) -> None:
    """Stock dbrestore takes the newest file, whosever it is."""
    production = copied(backups, manifest, -DAY, environment="production")
    [data] = [name for name in files(backups) if name.startswith(f"{production}.dump")]
    for words in ((), ("-i", data), ("-I", str(backups / data))):
        assert_refused(
            foreign.run("dbrestore", "--noinput", *words),
            server,
            database,
            f"{production} is a backup of production, and these settings are for staging.",
            LIST,
        )


def test_listbackups_shows_what_is_a_backup_and_nothing_else(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    """By their names alone sidecars, partial files and what was cut short would be listed too."""
    cut = copied(backups, manifest, DAY)
    [data] = [name for name in files(backups) if name.startswith(f"{cut}.dump")]
    (backups / data).write_bytes((backups / data).read_bytes()[:-1])
    (backups / f".partial-{cut}").touch()
    (backups / f"elsewhere-{cut[-22:]}.sql").touch()
    shown = foreign.ok("listbackups").out.splitlines()[1:]
    assert {line.split()[0] for line in shown} == {manifest.data, f"elsewhere-{cut[-22:]}.sql"}


def test_a_file_without_a_manifest_is_refused(
    foreign: Foreign, server: Server, database: str, backups: Path, manifest: Manifest
) -> None:
    (backups / f"{manifest.id}.manifest.json").unlink()
    assert_refused(
        foreign.run("dbrestore", "--noinput", "-i", manifest.data),
        server,
        database,
        f"{manifest.id} has no complete manifest in the storage: it is not a backup.",
        LIST,
    )


def test_a_file_of_another_name_is_refused_whatever_its_metadata_asks_for(
    foreign: Foreign, server: Server, database: str, backups: Path, manifest: Manifest
) -> None:
    """The .metadata beside a file names the class that dbrestore imports and runs."""
    (backups / manifest.data).rename(backups / "other.dump")
    (backups / "other.dump.metadata").write_text(
        '{"engine": "django.db.backends.postgresql",'
        ' "connector": "dbbackup.db.postgresql.PgDumpBinaryConnector"}'
    )
    assert_refused(
        foreign.run("dbrestore", "--noinput", "-i", "other.dump"),
        server,
        database,
        "Only backups with a manifest are restored.",
        LIST,
        ANOTHER_TOOL,
    )


def test_the_connector_itself_restores_nothing(
    foreign: Foreign, server: Server, database: str, manifest: Manifest
) -> None:
    foreign.write(
        "shelf/management/commands/pour.py",
        """
        import io
        from dbbackup.db.base import get_connector
        from django.core.management.base import BaseCommand


        class Command(BaseCommand):
            def handle(self, **options):
                get_connector("default").restore_dump(io.BytesIO(b"nothing"))
        """,
    )
    assert_refused(
        foreign.run("pour"),
        server,
        database,
        "Only backups with a manifest are restored.",
        LIST,
        ANOTHER_TOOL,
    )


def test_a_database_that_is_not_postgresql_is_none_of_ours(
    foreign: Foreign, manifest: Manifest
) -> None:
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + 'DATABASES["small"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "small.sqlite"}\n',
    )
    foreign.ok("migrate", "--database", "small", "shelf")
    foreign.ok("dbbackup", "--database", "small", "-o", "small.dump")
    (foreign.folder / "small.sqlite").write_bytes(b"")
    foreign.ok("dbrestore", "--database", "small", "--noinput", "-i", "small.dump")
    assert (foreign.folder / "small.sqlite").read_bytes().startswith(b"SQLite format 3")


def test_clean_deletes_no_backup_of_ours(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    """Two of the files may stay by dbbackup's rules, and every name has the alias in it."""
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + 'DATABASES["backup"] = DATABASES["default"]\n',
    )
    for n in range(1, 5):
        copied(backups, manifest, n * DAY)
        copied(backups, manifest, n * DAY, environment="production")
    (backups / f".partial-{manifest.id}").write_bytes(b"x")
    before = files(backups)
    result = foreign.ok("dbbackup", "--clean", "--database", "backup")
    assert before - files(backups) == set()
    assert (
        "WARNING --clean leaves backups with a manifest alone. "
        "Instead: python manage.py safe_backup prune --apply\n"
    ) in result.err
    made = files(backups) - before
    assert len([name for name in made if name.endswith(".manifest.json")]) == 1


def test_clean_still_backs_up_every_database_and_says_it_for_each(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + 'DATABASES["second"] = DATABASES["default"]\n',
    )
    result = foreign.ok("dbbackup", "--clean")
    assert len(list(backups.glob("*.manifest.json"))) == 3
    assert result.err.count("WARNING --clean") == 2
    assert "--clean" not in foreign.ok("dbbackup").err


def test_clean_of_media_deletes_no_backup_of_ours(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    for n in range(1, 5):
        copied(backups, manifest, n * DAY)
        (backups / f"host-2026010{n}T000000000000Z.tar").write_bytes(b"x")
    before = files(backups)
    foreign.ok("mediabackup", "--clean")
    gone = before - files(backups)
    assert gone == {f"host-2026010{n}T000000000000Z.tar" for n in (1, 2, 3)}


def test_clean_of_media_deletes_no_backup_of_ours_whatever_it_is_called(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    """dbbackup takes every name with `.tar` in it for media."""
    ours = [f"{copied(backups, manifest, n * DAY)}.dump.tar" for n in range(1, 5)]
    for name in ours:
        (backups / name).write_bytes(b"x")
    foreign.ok("mediabackup", "--clean")
    assert set(ours) <= files(backups)


def test_a_projects_own_filter_is_still_asked(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + 'DBBACKUP_CLEANUP_KEEP_FILTER = lambda name: "01T" in name\n',
    )
    for n in range(1, 5):
        (backups / f"host-2026010{n}T000000000000Z.tar").write_bytes(b"x")
    foreign.ok("mediabackup", "--clean")
    left = {name[:13] for name in files(backups) if name.startswith("host-2026010")}
    assert left == {"host-20260101", "host-20260104"}
