"""What may not stand in any file: where packages were downloaded from, and paths of one machine."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files

# Written so that this file does not match itself.
REGISTRY = re.compile(
    r"\b(?:files\.pythonhosted|pypi|registry\.npmjs|deb\.debian|security\.debian"
    r"|archive\.ubuntu|apt\.postgresql|ghcr|docker)\.(?:org|com|io)\b"
)
MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+|tmp/\w+)/")


def matching(pattern: re.Pattern[str]) -> dict[str, str]:
    found = {path: pattern.search(path.read_text(errors="replace")) for path in files()}
    return {str(path.relative_to(ROOT)): match[0] for path, match in found.items() if match}


def test_no_registry_host() -> None:
    assert matching(REGISTRY) == {}


def test_no_path_of_a_machine() -> None:
    assert matching(MACHINE) == {}


def test_no_lock_file() -> None:
    assert not {"uv.lock", "poetry.lock"} & {path.name for path in files()}


@pytest.mark.parametrize("path", sorted((ROOT / ".ci").iterdir()), ids=lambda path: path.name)
def test_scripts_are_strict_and_executable(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("#!/usr/bin/env bash\n# "), "say in a comment what it is for"
    assert "\nset -euo pipefail\n" in text
    assert path.stat().st_mode & 0o111
