"""Retention carried out by the real command on real files: what goes, what stays, and kills."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import override_settings

from safe_migrate.backups import prune
from safe_migrate.backups.manifest import Manifest
from safe_migrate.backups.retention import Rules
from tests.backups.histories import copied, identifiers, real
from tests.projects import Foreign, assert_failure, kill
from tests.reports.test_schemas import assert_broken_ones_are_refused, assert_valid

FILES = "django.core.files.storage.FileSystemStorage"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'
NOTHING = [
    word
    for period in ("hourly", "daily", "weekly", "monthly", "yearly", "minimum")
    for word in (f"--keep-{period}", "0")
]


@pytest.fixture
def manifest(foreign: Foreign, backups: Path) -> Manifest:
    """The backup of a first run, which pinned it; the pin is taken off again."""
    foreign.ok("safe_migrate")
    manifest = real(backups)
    foreign.ok("safe_backup", "unpin", manifest.id)
    return manifest


def verdicts(project: Foreign, *words: str) -> dict[str, tuple[bool, list[str]]]:
    document = project.ok("safe_backup", "prune", "--format", "json", *words).document
    return {entry["id"]: (entry["delete"], entry["because"]) for entry in document["backups"]}


def test_what_is_printed_as_json_is_as_published(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    copied(backups, manifest, 2 * DAY, level="")
    pinned = foreign.ok("safe_backup", "pin", manifest.id, "--reason", "a", "--format", "json")
    shown = foreign.ok("safe_backup", "prune", "--apply", "--format", "json").document
    assert len(shown["deleted"]) == 1
    for name, document in (("pin", pinned.document), ("prune", shown)):
        assert_valid(document, f"safe_migrate.{name}/1")
        assert_broken_ones_are_refused(document)


def test_a_dry_run_shows_a_table_and_deletes_nothing(
    foreign: Foreign, database: str, backups: Path, manifest: Manifest
) -> None:
    old = copied(backups, manifest, 40 * DAY)
    doubtful = copied(backups, manifest, 30 * DAY, level="")
    junk = doubtful.replace(doubtful[-10:-1], "000000000")
    (backups / f"{junk}.dump").write_bytes(b"x" * 2048)
    before = sorted(backups.iterdir())
    shown = foreign.ok("safe_backup", "prune", *NOTHING, "--keep-daily", "1").out
    size = sum(p.stat().st_size for p in backups.glob(f"{old}*")) / 1024
    day = f"{manifest.id[15:19]}-{manifest.id[19:21]}-{manifest.id[21:23]}"
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == f"staging: backups of {database}"
    assert lines[1].startswith(f"keep {manifest.id} ")
    assert lines[1].endswith(f" KiB readable newest, daily {day}")
    assert lines[2].startswith(f"DELETE {doubtful} 30 d ")
    assert lines[2].endswith(f" not verified not verified, and {manifest.id} is newer")
    assert lines[3] == f"DELETE {old} 40 d {size:.1f} KiB readable no rule keeps it"
    assert lines[4:6] == ["", "Files that are no backup:"]
    assert lines[6] == f"DELETE {junk} 30 d 2.0 KiB - not a complete backup"
    assert lines[8].startswith("To delete: 3, ")
    assert lines[9] == "Nothing was deleted. To delete: the same command with --apply"
    assert sorted(backups.iterdir()) == before


def test_apply_deletes_what_the_table_says_and_nothing_else(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    old, pinned = copied(backups, manifest, 40 * DAY), copied(backups, manifest, 50 * DAY)
    foreign.ok("safe_backup", "pin", pinned, "--reason", "before the sale")
    production = copied(backups, manifest, 60 * DAY, environment="production")
    other = copied(backups, manifest, 70 * DAY, database="somebody_elses")
    strangers = [backups / "notes.txt", backups / f"{old}_AbCdEfG.dump", backups / "runs"]
    for path in strangers[:2]:
        path.write_text("mine")
    shown = foreign.ok("safe_backup", "prune", "--apply", *NOTHING).out
    assert f"deleting {old}\n" in shown
    kept = {manifest.id, pinned, production, other}
    assert identifiers(backups) - {f"{old}_AbCdEfG"} == kept
    assert all(path.exists() for path in strangers)
    assert verdicts(foreign, *NOTHING) == {
        manifest.id: (False, ["newest"]),
        pinned: (False, ["pinned: before the sale"]),
    }


def test_the_policy_decides_where_nothing_is_said(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    days = [copied(backups, manifest, n * DAY) for n in range(1, 200)]
    found = verdicts(foreign)
    stay = [identifier for identifier in (manifest.id, *days) if not found[identifier][0]]
    assert stay[:7] == [manifest.id, *days[:6]], "staging's seven days"
    assert 7 + 2 <= len(stay) <= 7 + 4 + 2, "and its four weeks and two months"


def test_what_cannot_be_read_is_left_to_a_person(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    """A newer version of this tool, or the right key, may be able to read it."""
    newer, blurred = copied(backups, manifest, 90 * DAY), copied(backups, manifest, 80 * DAY)
    path = backups / f"{newer}.manifest.json"
    path.write_text(path.read_text().replace("safe_migrate.manifest/1", "safe_migrate.manifest/2"))
    (backups / f"{blurred}.verified.json").write_text("{")
    held = copied(backups, manifest, 70 * DAY)
    (backups / f"{held}.pin.json").write_text("{")
    before = sorted(backups.iterdir())
    found = verdicts(foreign, "--apply", *NOTHING)
    assert found[newer] == (False, ["damaged or of another version: look at it"])
    assert found[blurred] == (False, ["its record of verification cannot be read"])
    assert found[held] == (False, ["pinned: for a reason that cannot be read"])
    assert sorted(backups.iterdir()) == before


def test_a_backup_known_to_be_bad_does_not_count_and_goes(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    bad, good = copied(backups, manifest, 2 * DAY), copied(backups, manifest, 3 * DAY)
    for identifier in (bad, manifest.id):
        [data] = backups.glob(f"{identifier}.dump*[!a]")
        data.write_bytes(data.read_bytes()[:-8] + b"x" * 8)
        assert foreign.run("safe_backup", "verify", identifier).code == 8
    found = verdicts(foreign, "--apply", *NOTHING)
    assert found[manifest.id] == (False, ["not verified, and no newer one is"])
    assert found[good] == (False, ["newest"])
    assert found[bad] == (False, ["not verified, and no newer one is"])
    new = foreign.ok("safe_backup", "create", "--format", "json").document["manifest"]["id"]
    assert verdicts(foreign, "--apply", *NOTHING) == {
        new: (False, ["newest"]),
        manifest.id: (False, ["not verified, and younger than 24 h"]),
        bad: (True, [f"not verified, and {new} is newer"]),
        good: (True, ["no rule keeps it"]),
    }


def test_debris_goes_and_an_upload_under_way_stays(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    dead, orphan = copied(backups, manifest, 3 * DAY), copied(backups, manifest, 2 * DAY)
    uploading = copied(backups, manifest, HOUR)
    for name in (f"{dead}.manifest.json", f"{uploading}.manifest.json"):
        (backups / name).unlink()
    for path in backups.glob(f"{orphan}.dump*"):
        path.unlink()
    parts = backups / f"{dead}.dump.parts"
    parts.mkdir()
    (parts / "toc.dat").write_bytes(b"x")
    found = verdicts(foreign, "--apply")
    assert found[dead] == found[orphan] == (True, ["not a complete backup"])
    assert found[uploading] == (False, ["younger than 24 h"])
    assert identifiers(backups) == {manifest.id, uploading}


def test_two_at_once_do_no_harm(foreign: Foreign, backups: Path, manifest: Manifest) -> None:
    for n in range(1, 40):
        copied(backups, manifest, n * DAY)
    words = ("safe_backup", "prune", "--apply", *NOTHING, "--keep-minimum", "2")
    ends = [process.communicate() for process in [foreign.start(*words) for _ in range(3)]]
    assert [err for _, err in ends] == ["", "", ""]
    assert len(identifiers(backups)) == 2
    assert manifest.id in identifiers(backups)


def test_what_is_pinned_after_it_was_judged_stays(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    first, second = copied(backups, manifest, 5 * DAY), copied(backups, manifest, 6 * DAY)
    dbbackup = {"BACKEND": FILES, "OPTIONS": {"location": str(backups)}}
    none = Rules(hourly=0, daily=0, weekly=0, monthly=0, yearly=0, minimum=0)
    with override_settings(STORAGES={"default": {"BACKEND": FILES}, "dbbackup": dbbackup}):
        entries = prune.survey("staging", manifest.database, none, datetime.now(UTC))
        foreign.ok("safe_backup", "pin", first, "--reason", "just now")
        assert prune.delete(entries, lambda identifier: None) == [second]
    assert identifiers(backups) == {manifest.id, first}


def test_what_another_prune_deletes_meanwhile_is_no_error(
    backups: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = copied(backups, manifest, 5 * DAY)
    dbbackup = {"BACKEND": FILES, "OPTIONS": {"location": str(backups)}}
    none = Rules(hourly=0, daily=0, weekly=0, monthly=0, yearly=0, minimum=0)
    size = FileSystemStorage.size

    def size_of_what_has_gone(storage: FileSystemStorage, name: str) -> int:
        if name.startswith(old):
            (backups / name).unlink(missing_ok=True)
        return size(storage, name)

    with override_settings(STORAGES={"default": {"BACKEND": FILES}, "dbbackup": dbbackup}):
        monkeypatch.setattr(FileSystemStorage, "size", size_of_what_has_gone)
        entries = prune.survey("staging", manifest.database, none, datetime.now(UTC))
        assert [(entry.size > 0, entry.verdict.delete) for entry in entries] == [
            (True, False),
            (False, False),
        ]
        assert prune.delete(entries, lambda identifier: None) == []


STUBBORN = """
import os, time
from django.core.files.storage import FileSystemStorage


class Stubborn(FileSystemStorage):
    def delete(self, name):
        if name.endswith(os.environ["AT"]):
            if os.environ["HOW"] == "refuse":
                raise PermissionError("the key may not delete")
            print("here", flush=True)
            time.sleep(60)
        super().delete(name)
"""


@pytest.fixture
def stubborn(foreign: Foreign) -> Foreign:
    """The same project with a storage that refuses, or takes its time, to delete some names."""
    foreign.write("stubborn.py", STUBBORN)
    settings = (foreign.folder / "settings.py").read_text()
    foreign.write(
        "settings.py",
        settings + 'if "AT" in os.environ: STORAGES["dbbackup"]["BACKEND"] = "stubborn.Stubborn"\n',
    )
    return foreign


def test_killed_between_data_and_manifest_it_is_no_backup_and_goes_with_the_next_run(
    stubborn: Foreign, backups: Path, manifest: Manifest
) -> None:
    old = copied(backups, manifest, 5 * DAY)
    words = ("safe_backup", "prune", "--apply", *NOTHING)
    process = stubborn.start(*words, AT=f"{old}.manifest.json", HOW="wait")
    assert process.stdout is not None
    assert "here\n" in iter(process.stdout.readline, "")
    kill(process)
    assert [path.name for path in backups.glob(f"{old}*")] == [f"{old}.manifest.json"]
    assert old not in stubborn.ok("safe_backup", "list").out
    assert verdicts(stubborn, "--apply")[old] == (True, ["not a complete backup"])
    assert identifiers(backups) == {manifest.id}


def test_a_storage_that_refuses_is_told_and_the_rest_stays(
    stubborn: Foreign, backups: Path, manifest: Manifest
) -> None:
    newer, older = copied(backups, manifest, 5 * DAY), copied(backups, manifest, 6 * DAY)
    words = ("safe_backup", "prune", "--apply", *NOTHING)
    assert_failure(
        stubborn.run(*words, AT=f"{older}.manifest.json", HOW="refuse"),
        7,
        f"""
        SM-B501 {older} could not be deleted: the key may not delete. 1 of 2 were deleted before it.
        State: The database was not touched. Every backup that the rules keep is there.
        Lost: Nothing was lost.
        Next: python manage.py safe_doctor
        python manage.py safe_backup prune --apply
        More: docs/errors.md#sm-b501
        """,
    )
    assert newer not in identifiers(backups)
    assert identifiers(backups) == {manifest.id, older}


def test_it_needs_no_server(foreign: Foreign, backups: Path, manifest: Manifest) -> None:
    old = copied(backups, manifest, 5 * DAY)
    url = foreign.variables["URL"].rpartition("@")[0] + f"@127.0.0.1:1/{manifest.database}"
    foreign.ok("safe_backup", "prune", "--apply", *NOTHING, URL=url)
    assert old not in identifiers(backups)


def test_an_empty_storage_has_nothing_to_prune(foreign: Foreign) -> None:
    assert "There is none." in foreign.ok("safe_backup", "prune", "--apply").out


@pytest.mark.parametrize("number", ["-1", "1.5", "many", "²"])
def test_a_number_of_backups_is_a_whole_one(foreign: Foreign, number: str) -> None:
    result = foreign.run("safe_backup", "prune", f"--keep-daily={number}")
    assert result.code == 2
    assert f"{number!r} is not a whole number of at least 0" in result.err


def pins(project: Foreign) -> dict[str, str | None]:
    document = project.ok("safe_backup", "list", "--format", "json").document
    return {backup["id"]: backup["pinned"] for backup in document["backups"]}


def test_a_runs_backup_is_pinned_until_the_next_run_has_migrated(
    foreign: Foreign, backups: Path
) -> None:
    first = foreign.ok("safe_migrate", "--format", "json").document["backup"]["id"]
    reason = pins(foreign)[first]
    assert str(reason).startswith("before ")
    foreign.ok("safe_migrate")
    assert pins(foreign) == {first: reason}, "nothing was pending: it may still be needed"

    broken = foreign.migration("0002_price", "0001_initial", 'migrations.RunSQL("SELECT 1/0")')
    assert foreign.run("safe_migrate").code in (6, 7)
    [second] = set(pins(foreign)) - {first}
    assert pins(foreign) == {first: reason, second: "before shelf.0002_price"}
    mine = copied(backups, real(backups, first), 3 * DAY)
    foreign.ok("safe_backup", "pin", mine, "--reason", "mine")
    other = copied(backups, real(backups, first), 4 * DAY, database="other")
    (backups / f"{other}.pin.json").write_text(
        json.dumps({"reason": reason, "run": "of the other database", "at": ""})
    )

    broken.unlink()
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.models("price = models.IntegerField(null=True)\n")
    third = foreign.ok("safe_migrate", "--format", "json").document["backup"]["id"]
    assert pins(foreign) == {
        third: "before shelf.0002_price",
        second: None,
        first: None,
        mine: "mine",
        other: reason,
    }
    assert "readable  pinned: mine\n" in foreign.ok("safe_backup", "list").out


def test_a_pin_that_cannot_be_taken_off_is_a_warning(foreign: Foreign, backups: Path) -> None:
    stubborn_settings = (foreign.folder / "settings.py").read_text()
    foreign.write("stubborn.py", STUBBORN)
    foreign.ok("safe_migrate")
    foreign.write(
        "settings.py",
        stubborn_settings + 'STORAGES["dbbackup"]["BACKEND"] = "stubborn.Stubborn"\n',
    )
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.models("price = models.IntegerField(null=True)\n")
    result = foreign.ok("safe_migrate", AT=".pin.json", HOW="refuse")
    assert "backups of earlier runs are still pinned: the key may not delete" in " ".join(
        result.out.split()
    )


def test_pinning_says_what_holds_it_and_unpinning_that_nothing_does(
    foreign: Foreign, manifest: Manifest
) -> None:
    pin = ("safe_backup", "pin", manifest.id, "--reason")
    assert foreign.ok(*pin, "a").out == f"{manifest.id}  pinned: a\n"
    assert foreign.ok(*pin, "b", "--format", "json").document == {
        "schema": "safe_migrate.pin/1",
        "ok": True,
        "exit_code": 0,
        "id": manifest.id,
        "pinned": "b",
    }
    for _ in range(2):
        shown = foreign.ok("safe_backup", "unpin", manifest.id).out
        assert shown == f"{manifest.id}  not pinned\n"
    unknown = foreign.run("safe_backup", "pin", "../../etc/passwd", "--reason", "a")
    assert (unknown.code, unknown.failure()[:7]) == (2, "SM-U201")


def test_a_pin_that_cannot_be_stored_is_a_failure(
    foreign: Foreign, backups: Path, manifest: Manifest
) -> None:
    (backups / f"{manifest.id}.pin.json").mkdir()
    result = foreign.run("safe_backup", "pin", manifest.id, "--reason", "a")
    assert result.code == 8
    assert result.failure().startswith(f"SM-B503  {manifest.id} cannot be pinned:")
