"""What lies at the top is fixed: a newcomer sees the whole layout in one listing."""

from tests.architecture.tree import ROOT, files

DESIGN = {
    "apps",
    "backups",
    "config",
    "docs",
    "fixtures",
    "manage.py",
    "pyproject.toml",
    "tests",
}
ECOSYSTEM = {
    ".ci",
    ".editorconfig",
    ".env.example",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "compose.yaml",
}


def test_nothing_else_lies_at_the_top() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} == DESIGN | ECOSYSTEM


def test_backups_are_never_tracked() -> None:
    kept = [path for path in files() if path.relative_to(ROOT).parts[0] == "backups"]
    assert kept == [ROOT / "backups" / "README.md"]
