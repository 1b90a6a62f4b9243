"""Root, who must not run PostgreSQL, and ordinary users."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from safe_migrate.postgres.embedded import binaries
from tests.postgres.embedded.world import (
    ANSWER,
    PLACES,
    STAY,
    TOLD,
    User,
    eventually,
    postmasters,
    processes,
    query,
    run,
)

NOBODY = pwd.getpwnam("nobody")
# Not nobody, whom root gives way to where there is nobody else.
SOMEBODY = pwd.getpwnam("daemon")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
    pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv of util-linux"),
]


@pytest.fixture
def public(root: Path) -> Iterator[Path]:
    """A folder of somebody's, in one that everybody may enter."""
    with TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        path = Path(folder, "pg")
        path.mkdir()
        os.chown(path, SOMEBODY.pw_uid, SOMEBODY.pw_gid)
        yield path
        assert eventually(lambda: not processes(path)), processes(path)


def as_somebody(*program: str | Path) -> list[str]:
    """The program run without any right of root's; skips where it is out of reach."""
    identity = [f"--reuid={SOMEBODY.pw_uid}", f"--regid={SOMEBODY.pw_gid}", "--clear-groups"]
    command = ["setpriv", *identity, *map(str, program)]
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(PLACES)}
    if subprocess.run(command, check=False, env=environment, capture_output=True).returncode:
        pytest.skip(f"fails for an ordinary user here: {' '.join(map(str, program))}")
    return command


@pytest.fixture
def ordinary() -> list[str]:
    """Somebody's Python: the system's, since ours often lies in a home of root's."""
    imports = "import psycopg, safe_migrate.postgres.embedded"
    return as_somebody("/usr/bin/python3", "-c", imports)[:-2]


def test_an_ordinary_user_and_root_after_it(public: Path, ordinary: list[str]) -> None:
    script = f"{ANSWER}\nprint(os.geteuid())"
    assert run(public, script, ordinary)[1:] == ["42", str(SOMEBODY.pw_uid)]
    assert run(public, ANSWER)[1:] == ["42"]
    assert run(public, script, ordinary)[1:] == ["42", str(SOMEBODY.pw_uid)]
    assert {path.stat().st_uid for path in public.rglob("*")} == {SOMEBODY.pw_uid}


def test_a_cluster_of_root_is_refused_to_others(public: Path, ordinary: list[str]) -> None:
    os.chown(public, 0, 0)
    assert run(public, ANSWER)[1:] == ["42"]
    refused = run(public, TOLD, ordinary)
    assert refused[0].endswith("18.locks/users: Permission denied")
    assert refused[1].startswith(f"remedy: make {public} a folder that this user owns")


def test_root_that_may_not_keep_the_capability(public: Path) -> None:
    """In a folder that everybody may enter it is not needed."""
    as_somebody("test", "-x", binaries(18) / "postgres")
    user = User(public, STAY, ["setpriv", "--bounding-set=-setpcap", sys.executable])
    assert query(user.line(), "SELECT 1") == 1
    (postmaster,) = postmasters(public)
    assert "CapPrm:\t0000000000000000\n" in Path(f"/proc/{postmaster}/status").read_text()
    user.leave()


def test_root_in_a_folder_that_only_root_may_enter(root: Path, tmp_path: Path) -> None:
    wheel = binaries(18).parents[1]
    site = tmp_path / "site-packages"
    shutil.copytree(wheel / "pginstall18", site / wheel.name / "pginstall18")
    shutil.copytree(wheel.parent / f"{wheel.name}.libs", site / f"{wheel.name}.libs")
    (site / wheel.name / "__init__.py").touch()
    site.chmod(0o700)
    user = User(root, f"import sys; sys.path.insert(0, {str(site)!r})\n{STAY}")
    assert query(user.line(), "SELECT 1") == 1
    (postmaster,) = postmasters(root)
    assert processes(root)[postmaster].startswith(str(site))
    status = Path(f"/proc/{postmaster}/status").read_text()
    uid = NOBODY.pw_uid
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
    # The right to pass any folder, and nothing else of root's.
    assert "CapPrm:\t0000000000000002\n" in status
    user.leave()
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path.parent, tmp_path, site)]
    assert modes == [0o700] * 3
