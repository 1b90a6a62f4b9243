"""A backup that is too old is told: by safe_status, by the list, by `check --deploy`."""

from datetime import timedelta
from pathlib import Path

import pytest

from safe_migrate.backups.manifest import Manifest
from tests.backups.histories import copied, real
from tests.projects import Foreign, Project, assert_failure
from tests.reports.test_schemas import assert_valid

HOUR = timedelta(hours=1)
AGE = ("safe_status", "--max-backup-age")


@pytest.fixture
def yesterday(foreign: Foreign, backups: Path) -> Manifest:
    """The only backup is 30 hours old."""
    foreign.ok("safe_migrate")
    manifest = real(backups)
    copied(backups, manifest, 30 * HOUR)
    for path in backups.glob(f"{manifest.id}*"):
        path.unlink()
    return real(backups)


def test_safe_status_ends_with_8_where_the_backup_is_too_old(
    foreign: Foreign, database: str, yesterday: Manifest
) -> None:
    assert_failure(
        foreign.run(*AGE, "26h"),
        8,
        f"""
        SM-B502 The newest verified backup of {database!r}, {yesterday.id}, is 30.0 h old;
        it may be 26.0 h.
        State: The database was not touched.
        Lost: Nothing was lost. Whatever no backup holds would be, with the database.
        Next: python manage.py safe_backup create
        python manage.py safe_backup list
        More: docs/errors.md#sm-b502
        """,
    )
    assert f"Last backup: {yesterday.id}, readable, 30 h old" in foreign.run(*AGE, "26h").out
    document = foreign.run(*AGE, "26h", "--format", "json").document
    assert (document["ok"], document["exit_code"]) == (False, 8)
    assert document["backup_problem"]["code"] == "SM-B502"
    assert_valid(document, "safe_migrate.status/1")


@pytest.mark.parametrize("limit", ["31h", "2d", "1860min", "111600s", "30.5h"])
def test_a_backup_young_enough_is_no_news(
    foreign: Foreign, yesterday: Manifest, limit: str
) -> None:
    document = foreign.ok(*AGE, limit, "--format", "json").document
    assert (document["ok"], document["exit_code"], document["backup_problem"]) == (True, 0, None)
    assert document["last_verified_backup"]["id"] == yesterday.id


def test_without_the_option_an_old_backup_changes_no_exit_code(
    foreign: Foreign, yesterday: Manifest
) -> None:
    assert foreign.ok("safe_status", "--format", "json").document["exit_code"] == 0


def test_what_does_not_count_as_the_newest(
    foreign: Foreign, database: str, backups: Path, yesterday: Manifest
) -> None:
    copied(backups, yesterday, HOUR, level="")
    copied(backups, yesterday, HOUR, environment="production")
    copied(backups, yesterday, HOUR, database="other")
    copied(backups, yesterday, -HOUR)
    result = foreign.run(*AGE, "26h")
    assert result.code == 8
    assert f"of {database!r}, {yesterday.id}, is 30.0 h old" in " ".join(result.failure().split())


def test_no_backup_at_all(foreign: Foreign, database: str) -> None:
    foreign.ok("safe_migrate", "--backup", "never")
    result = foreign.run(*AGE, "26h")
    assert result.code == 8
    assert f"There is no verified backup of {database!r}." in " ".join(result.failure().split())


def test_too_old_a_backup_goes_before_what_is_pending(
    foreign: Foreign, yesterday: Manifest
) -> None:
    foreign.migration("0002_note", "0001_initial", 'migrations.RunSQL("SELECT 1")')
    assert foreign.run(*AGE, "26h").code == 8
    assert foreign.run(*AGE, "48h").code == 3


@pytest.mark.parametrize("value", ["26", "h", "0h", "-1h", "26x", "nanh", "infh", ""])
def test_an_age_has_a_unit(foreign: Foreign, value: str) -> None:
    result = foreign.run("safe_backup", "list", f"--max-age={value}")
    assert result.code == 2
    assert f"{value!r} is not a duration: 26h, 90min, 2d or 30s" in result.err


def test_the_list_tells_it_from_the_storage_alone(foreign: Foreign, yesterday: Manifest) -> None:
    nowhere = foreign.variables["URL"].rpartition("@")[0] + "@127.0.0.1:1/nowhere"
    words = ("safe_backup", "list", "--max-age")
    assert foreign.ok(*words, "31h", URL=nowhere).out.startswith(f"{yesterday.id}  ")
    result = foreign.run(*words, "26h", URL=nowhere)
    assert result.code == 8
    assert result.out.startswith(f"{yesterday.id}  ")
    said = " ".join(result.failure().split())
    assert f"The newest verified backup of staging, {yesterday.id}, is 30.0 h old" in said
    document = foreign.run(*words, "26h", "--format", "json", URL=nowhere).document
    assert (document["schema"], document["error"]["code"]) == ("safe_migrate.failure/1", "SM-B502")


def test_the_check_of_a_deployment_warns(
    foreign: Foreign, database: str, yesterday: Manifest
) -> None:
    words = ("check", "--deploy", "--database", "default")
    warned = foreign.ok(*words).err
    assert (
        f"?: (safe_migrate.W002) The newest verified backup of {database!r}, {yesterday.id}, is "
        "30.0 h old; it may be 26.0 h.\n"
        "\tHINT: python manage.py safe_backup create / python manage.py safe_backup list\n"
    ) in warned
    foreign.ok("safe_backup", "create")
    assert "safe_migrate.W002" not in foreign.ok(*words).err


@pytest.mark.parametrize(
    "words", [("--deploy",), ("--database", "default"), ("--deploy", "--tag", "database")]
)
def test_the_check_asks_the_storage_only_where_a_database_is_named(
    foreign: Foreign, words: tuple[str, ...]
) -> None:
    assert "safe_migrate" not in foreign.ok("check", *words).err


def test_an_environment_without_a_limit_is_not_warned(foreign: Foreign) -> None:
    words = ("check", "--deploy", "--database", "default")
    assert "safe_migrate.W002" in foreign.ok(*words).err
    assert "safe_migrate.W002" not in foreign.ok(*words, ENVIRONMENT="development").err


def test_a_storage_that_fails_is_warned_of(foreign: Foreign) -> None:
    settings = (foreign.folder / "settings.py").read_text()
    foreign.write(
        "broken.py",
        """
        from django.core.files.storage import Storage


        class Broken(Storage):
            def listdir(self, path):
                raise PermissionError("the key was revoked")
        """,
    )
    foreign.write("settings.py", settings + 'STORAGES["dbbackup"] = {"BACKEND": "broken.Broken"}\n')
    warned = foreign.ok("check", "--deploy", "--database", "default").err
    assert (
        "?: (safe_migrate.W002) The dbbackup storage cannot be read: PermissionError: the key was "
        "revoked\n\tHINT: python manage.py safe_doctor\n"
    ) in warned
    result = foreign.run(*AGE, "26h")
    assert result.code == 8
    assert "the storage cannot be read (PermissionError: the key was revoked)" in " ".join(
        result.failure().split()
    )


def test_a_deployed_production_without_a_named_database_is_clean(shop: Project) -> None:
    shop.environment = "production"
    assert "no issues" in shop.ok("check", "--deploy").out
