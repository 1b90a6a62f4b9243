"""What the wheel and the sdist may hold: the two apps and the papers. `.ci/build` runs this.

A hand-written list, not the build's own configuration: a default of one build backend was seen
shipping a database dump that lay in backups/ (DESIGN.md, Versions).
"""

import re
import sys
import tarfile
import zipfile
from pathlib import Path

APP = r"(?:safe_migrate|seeding)/(?:[a-z]\w*/)*"
CODE = rf"{APP}(?:\w+\.py|py\.typed)"
ASSETS = rf"{APP}(?:locale|static|templates)/[\w/.-]+\.(?:css|html|json|mo|po|svg|txt)"
NAME = r"django_pg_safe_migrate-[\d.]+(?:(?:a|b|rc)\d+)?"
WHEEL = re.compile(rf"{CODE}|{ASSETS}|{NAME}\.dist-info/(?:METADATA|RECORD|WHEEL|licenses/LICENSE)")
SDIST = re.compile(
    rf"{NAME}/(?:LICENSE|PKG-INFO|README\.md|pyproject\.toml(?:\.orig)?|apps/(?:{CODE}|{ASSETS}))"
)
PRIVATE = re.compile(r"/tests?/|/backups/[^/]*\.(?!py$)|\.dump|\.sql|\.env|conftest")


def contents(archive: Path) -> list[str]:
    """The files in a wheel or a sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return [name for name in wheel.namelist() if not name.endswith("/")]
    with tarfile.open(archive) as sdist:
        return [member.name for member in sdist.getmembers() if not member.isdir()]


def unwanted(archive: Path) -> list[str]:
    """What is in the archive and has no business there."""
    allowed = WHEEL if archive.suffix == ".whl" else SDIST
    names = contents(archive)
    return [name for name in names if not allowed.fullmatch(name) or PRIVATE.search(name)]


def main(archives: list[str]) -> int:
    """List the contents; 1 where something unwanted is among them."""
    refused = []
    for path in map(Path, archives):
        names = contents(path)
        print(f"{path.name}: {len(names)} files", *sorted(names), sep="\n  ")
        refused += [f"{path.name} holds {name}" for name in unwanted(path)]
    print(*refused, sep="\n", file=sys.stderr)
    return 1 if refused or not archives else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
