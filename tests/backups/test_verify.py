"""A damaged backup is never taken for a good one: real archives, bytes changed at many places."""

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from django.conf import settings
from django.db import connection
from django.test import override_settings

from safe_migrate.backups import manifest as manifests
from safe_migrate.backups import store, verify
from safe_migrate.backups.manifest import Manifest
from safe_migrate.backups.verify import How
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Level
from safe_migrate.postgres import tools
from tests.backups.unpacked import unpacked
from tests.projects import Foreign
from tests.servers import Server


@pytest.fixture
def client(server: Server) -> tools.Client:
    return tools.find_client(None, server.major)


@pytest.fixture
def how(server: Server) -> How:
    return How(connection=connection, scratch_url=server.url("postgres"))


@pytest.fixture
def manifest(foreign: Foreign, server: Server, database: str, backups: Path) -> Manifest:
    """A backup of a table with 2,000 rows, in a storage that these tests read themselves."""
    server.query(
        database,
        "CREATE TABLE things AS SELECT i, md5(i::text) AS t FROM generate_series(1, 2000) i",
    )
    report = foreign.ok("safe_migrate", "--format", "json").document
    return manifests.from_json((backups / f"{report['backup']['id']}.manifest.json").read_text())


@pytest.fixture(autouse=True)
def storage(backups: Path) -> object:
    backend = "django.core.files.storage.FileSystemStorage"
    dbbackup = {"BACKEND": backend, "OPTIONS": {"location": str(backups)}}
    with override_settings(STORAGES={"default": {"BACKEND": backend}, "dbbackup": dbbackup}):
        yield


@pytest.mark.parametrize("level", list(Level))
def test_a_good_backup_is_recorded_as_verified(
    manifest: Manifest, client: tools.Client, how: How, backups: Path, level: Level
) -> None:
    (backups / f"{manifest.id}.verified.json").unlink()
    verify.verify(manifest, level, client, how)
    assert store.verified(manifest)["level"] == level.value
    assert list(store.backups("staging")) == [manifest]


def test_a_weaker_verification_keeps_what_a_stronger_one_has_shown(
    manifest: Manifest, client: tools.Client, how: How
) -> None:
    verify.verify(manifest, Level.RESTORED, client, how)
    verify.verify(manifest, Level.STORED, client, how)
    record = store.verified(manifest)
    assert record["level"] == "restored"
    assert record["levels"].keys() == {"stored", "readable", "restored"}


def test_a_restored_backup_is_compared(manifest: Manifest, client: tools.Client, how: How) -> None:
    lying = manifests.sealed(replace(manifest, rows={**manifest.rows, "public.things": 1999}))
    with pytest.raises(BackupFailed) as raised:
        verify.verify(lying, Level.RESTORED, client, how)
    assert raised.value.code == "SM-B312"
    assert "table public.things has 2000 rows, the backup has 1999" in raised.value.what


def test_a_killed_verification_leaves_nothing_that_the_next_one_does_not_drop(
    manifest: Manifest, client: tools.Client, how: How, server: Server
) -> None:
    abandoned = "safe_migrate_scratch_abandoned"
    with server.database(abandoned):
        verify.verify(manifest, Level.RESTORED, client, how)
        found = "SELECT datname FROM pg_database WHERE datname = %s"
        assert server.query("postgres", found, abandoned) == []


@pytest.mark.parametrize("damage", ["truncate", "flip", "zero"])
@pytest.mark.parametrize("level", list(Level))
def test_damage_is_found(
    manifest: Manifest, client: tools.Client, how: How, backups: Path, damage: str, level: Level
) -> None:
    path = backups / manifest.data
    whole = path.read_bytes()
    dice = random.Random(f"{damage} {level}")
    for _ in range(8):
        spoilt = bytearray(whole)
        place = dice.randrange(len(whole))
        if damage == "truncate":
            del spoilt[place:]
        elif damage == "flip":
            spoilt[place] ^= 1 << dice.randrange(8)
        else:
            end = min(place + 4096, len(whole))
            spoilt[place:end] = bytes(end - place)
        if spoilt == whole:
            continue
        path.write_bytes(spoilt)
        with pytest.raises(BackupFailed) as raised:
            verify.verify(manifest, level, client, how)
        assert raised.value.code in {"SM-B301", "SM-B302"}
        assert store.verified(manifest) == {}


def test_an_archive_that_was_bad_when_it_was_hashed_is_found_by_reading_it(
    manifest: Manifest, client: tools.Client, how: How, backups: Path
) -> None:
    """The hash proves that the bytes are the same, not that they can be restored."""
    path = backups / manifest.data
    archive = unpacked(path)
    half = zstandard.compress(archive[: len(archive) // 2])
    path.write_bytes(half)
    lying = replace(manifest, size=len(half), sha256=hashlib.sha256(half).hexdigest())
    verify.verify(lying, Level.STORED, client, how)
    with pytest.raises(BackupFailed) as raised:
        verify.verify(lying, Level.READABLE, client, how)
    assert raised.value.code == "SM-B302"
    assert "to its end: could not read from input file: end of file" in raised.value.what


@pytest.mark.parametrize(
    ("old", "new"),
    [('"readable"', '"restored"'), ('"seal": "sha256', '"seal": "sha255'), ("{", "[")],
)
def test_a_record_of_verification_that_was_changed_shows_nothing(
    manifest: Manifest, backups: Path, old: str, new: str
) -> None:
    path = backups / f"{manifest.id}.verified.json"
    assert store.verified(manifest)["level"] == "readable"
    path.write_text(path.read_text().replace(old, new))
    assert store.verified(manifest) == {}


def test_a_bad_backup_is_listed_as_bad(foreign: Foreign, manifest: Manifest, backups: Path) -> None:
    path = backups / manifest.data
    path.write_bytes(bytes(manifest.size))
    assert foreign.run("safe_backup", "verify", manifest.id).code == 8
    assert "not verified: bad (SM-B301)" in foreign.ok("safe_backup", "list").out


def test_a_record_of_verification_needs_the_projects_key(manifest: Manifest) -> None:
    with override_settings(SAFE_MIGRATE={**settings.SAFE_MIGRATE, "MANIFEST_KEY": "a secret"}):
        assert store.verified(manifest) == {}


def test_a_file_without_a_complete_manifest_does_not_exist(
    manifest: Manifest, backups: Path
) -> None:
    path = backups / f"{manifest.id}.manifest.json"
    whole = path.read_text()
    for text in (
        "",
        whole[: len(whole) // 2],
        whole.replace('"sha256"', '"sha265"'),
        "[]",
        whole.replace("staging", "stating"),
    ):
        path.write_text(text)
        assert list(store.backups("staging")) == []
    path.write_text(whole)
    (backups / manifest.data).rename(backups / "elsewhere.dump")
    assert list(store.backups("staging")) == []


def test_a_manifest_cannot_point_outside_the_storage(manifest: Manifest) -> None:
    lying = manifests.sealed(replace(manifest, data="../../etc/passwd"))
    text = manifests.to_json(lying)
    with pytest.raises(manifests.NotAManifest, match="is not the data file of"):
        manifests.from_json(text)


def test_another_environments_backups_are_not_ours(manifest: Manifest) -> None:
    assert list(store.backups("production")) == []
