"""Neither archive holds what is not ours to give away, even where it lies about untracked."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.archives import contents, unwanted
from tests.architecture.tree import ROOT, files

PLANTED = (
    ".env",
    "apps/catalog/customers.csv",
    "backups/x.dump",
    "dump.sql",
    "tests/secret.py",
)
BAD = (
    "backups/x.dump",
    "config/env.py",
    "orders/models.py",
    "safe_migrate/backups/production.dump",
    "safe_migrate/tests/keys.py",
)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist, built from a copy of this tree in which private files lie about."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    for name in PLANTED:
        (copy / name).write_text("private")
    subprocess.run(["uv", "build", "--quiet", "--out-dir", built, copy], check=True)
    return {path.suffix: path for path in built.iterdir() if path.suffix in {".whl", ".gz"}}


@pytest.mark.parametrize("kind", [".whl", ".gz"])
def test_an_archive_holds_nothing_else(archives: dict[str, Path], kind: str) -> None:
    assert unwanted(archives[kind]) == []


def test_the_wheel_holds_all_of_both_apps(archives: dict[str, Path]) -> None:
    apps = (ROOT / "apps" / "safe_migrate", ROOT / "apps" / "seeding")
    ours = {path for path in files() if {*apps} & {*path.parents}}
    assert {str(path.relative_to(ROOT / "apps")) for path in ours} <= set(
        contents(archives[".whl"])
    )


def test_something_unwanted_would_be_seen(tmp_path: Path) -> None:
    wheel = Path(shutil.make_archive(str(tmp_path / "bad"), "zip", _tree(tmp_path / "tree")))
    assert sorted(unwanted(wheel.rename(wheel.with_suffix(".whl")))) == sorted(BAD)


def _tree(folder: Path) -> Path:
    names = (*BAD, "seeding/apps.py")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder
