"""A root and a cluster that leave no process behind."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safe_migrate.postgres.embedded import Cluster
from tests.postgres.embedded.world import FAST, eventually, processes


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Below pytest's folder of mode 0700, which nobody but its owner may enter."""
    if sys.platform != "linux":
        pytest.skip("looks at processes in /proc")
    path = tmp_path / "ein schöner Ordner"
    yield path
    assert eventually(lambda: not processes(path)), processes(path)
    # Some 40 MB, of which pytest would keep three runs' worth.
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def cluster(root: Path) -> Iterator[Cluster]:
    """Not started yet; whoever is the last to leave leaves nothing."""
    cluster = Cluster(root, 18, FAST)
    yield cluster
    cluster.stop()
    assert processes(root) == {}
