"""Backups in a storage that is no folder, as on a CI runner: uploaded, read back, nothing kept."""

from pathlib import Path

import pytest

from tests.projects import Foreign, assert_failure

BUCKET = """
import os
from pathlib import Path
from django.core.files import File
from django.core.files.storage import Storage


class Bucket(Storage):
    '''Like an object store: names and contents, no paths, no renames.'''

    def __init__(self, root, broken=""):
        self.root, self.broken = Path(root), broken
        self.root.mkdir(exist_ok=True)

    def _file(self, name):
        return self.root / name.replace("/", "%2F")

    def _open(self, name, mode="rb"):
        return File(self._file(name).open(mode), name)

    def _save(self, name, content):
        if self.broken and name.endswith(self.broken):
            raise ConnectionError("the bucket went away")
        if self.broken == "forgets" and name.endswith(".manifest.json"):
            return name
        data = b"".join(content.chunks())
        if self.broken == "half" and name.endswith(".dump.zst"):
            data = data[: len(data) // 2]
        self._file(name).write_bytes(data)
        return name

    def exists(self, name):
        return self._file(name).is_file()

    def size(self, name):
        return self._file(name).stat().st_size

    def listdir(self, path):
        if self.broken == "list":
            raise PermissionError("the key was revoked")
        return [], [file.name for file in self.root.iterdir() if "%2F" not in file.name]
"""


@pytest.fixture
def uploading(foreign: Foreign, tmp_path: Path) -> Foreign:
    foreign.write("bucket.py", BUCKET)
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + "STORAGES['dbbackup'] = {'BACKEND': 'bucket.Bucket', 'OPTIONS':"
        " {'root': os.environ['BUCKET'], 'broken': os.environ.get('BROKEN', '')}}\n",
    )
    (tmp_path / "temporary").mkdir()
    foreign.variables |= {
        "BUCKET": str(tmp_path / "bucket"),
        "TMPDIR": str(tmp_path / "temporary"),
    }
    return foreign


def test_a_run_with_a_bucket_leaves_nothing_on_the_machine(
    uploading: Foreign, tmp_path: Path
) -> None:
    report = uploading.ok("safe_migrate", "--format", "json").document
    identifier = report["backup"]["id"]
    assert report["backup"]["level"] == "readable"
    stored = {path.name for path in (tmp_path / "bucket").iterdir()}
    for suffix in (".dump.zst", ".manifest.json", ".verified.json"):
        assert identifier + suffix in stored
    assert any(name.startswith("runs%2Frun-staging-") for name in stored)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert f"Last backup: {identifier}, readable" in uploading.ok("safe_status").out
    assert "free space unknown" in uploading.ok("safe_doctor").out


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (".dump.zst", "SM-B208"),
        (".manifest.json", "SM-B208"),
        ("half", "SM-B205"),
        ("forgets", "SM-B205"),
    ],
)
def test_an_upload_that_fails_is_no_backup_and_nothing_is_migrated(
    uploading: Foreign, tmp_path: Path, broken: str, code: str
) -> None:
    result = uploading.run("safe_migrate", BROKEN=broken)
    assert result.code == 8, result.err
    assert result.failure().startswith(code), result.failure()
    assert "no migration runs without a verified backup" in " ".join(result.failure().split())
    assert not list((tmp_path / "bucket").glob("*.manifest.json"))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert uploading.run("safe_status").code == 3


def test_a_bucket_that_cannot_be_read_is_known_beforehand(uploading: Foreign) -> None:
    assert_failure(
        uploading.run("safe_migrate", BROKEN="list"),
        4,
        """
        SM-B113 The dbbackup storage cannot be read: PermissionError: the key was revoked
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Check the bucket's name and its credentials.
        python manage.py safe_doctor
        More: docs/errors.md#sm-b113
        """,
    )
