"""The one door to PostgreSQL's client programs: argument lists, secrets in their environment."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from psycopg import pq

from safe_migrate.errors import Refused
from safe_migrate.postgres.embedded.error import EmbeddedError
from safe_migrate.postgres.embedded.wheel import binaries

SYSTEM_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


@dataclass(frozen=True, slots=True)
class Client:
    """pg_dump and pg_restore of one version, side by side in one folder."""

    folder: Path
    version: str
    major: int

    @property
    def pg_dump(self) -> str:
        """Path of pg_dump."""
        return str(self.folder / "pg_dump")

    @property
    def pg_restore(self) -> str:
        """Path of pg_restore."""
        return str(self.folder / "pg_restore")

    @property
    def psql(self) -> str:
        """Path of psql; it comes with the other two."""
        return str(self.folder / "psql")


def find_client(pg_bin: Path | None, server_major: int) -> Client:
    """The installed client of the server's own major version.

    Looked for in `pg_bin` (SAFE_MIGRATE["PG_BIN"]) alone where set; else in PATH, in the usual
    folders of packages, and in the embedded wheel. An older pg_dump refuses a newer server; a newer
    one writes archives that the older server cannot restore. Raises Refused: none installed
    (SM-B101), only older ones (SM-B102), only newer ones (SM-B103).
    """
    found = [
        client
        for folder in _folders(pg_bin, server_major)
        if (client := client_in(folder)) is not None
    ]
    for client in found:
        if client.major == server_major:
            return client
    raise _no_client(found, server_major, pg_bin)


def _no_client(found: list[Client], server_major: int, pg_bin: Path | None) -> Refused:
    install = f"apt-get install postgresql-client-{server_major}"
    point = "Or name the folder of the right one in PG_BIN."
    looked = f" in PG_BIN ({pg_bin})" if pg_bin else " in PG_BIN, PATH or the usual folders"
    if not found:
        return Refused(
            "SM-B101",
            f"No pg_dump was found{looked}: a backup cannot be made.",
            next=(install, point),
        )
    seen = ", ".join(f"{client.version} in {client.folder}" for client in found)
    older = all(client.major < server_major for client in found)
    what = (
        "older than the server and cannot dump it"
        if older
        else ("not of the server's version: what it dumps, this server may be unable to restore")
    )
    return Refused(
        "SM-B102" if older else "SM-B103",
        f"The server is PostgreSQL {server_major}; pg_dump ({seen}) is {what}.",
        next=(install, point),
    )


def _folders(pg_bin: Path | None, server_major: int) -> list[Path]:
    if pg_bin:
        return [pg_bin]
    folders = [Path(entry) for entry in os.get_exec_path() if entry]
    for root in SYSTEM_FOLDERS:
        folders += sorted(Path(root).glob("*/bin"), reverse=True)
    return [*folders, *_wheel_folders(server_major)]


def _wheel_folders(server_major: int) -> list[Path]:
    try:
        return [binaries(server_major)]
    except EmbeddedError:
        return []


@lru_cache(maxsize=64)
def client_in(folder: Path) -> Client | None:
    """The client programs in a folder, or None where they are not there or do not run."""
    if not all(shutil.which(name, path=str(folder)) for name in ("pg_dump", "pg_restore")):
        return None
    try:
        said = subprocess.run(
            [str(folder / "pg_dump"), "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)(?:\.\d+|devel|beta\d+|rc\d+)", said)
    return Client(folder, match.group(0), int(match.group(1))) if match else None


def child_environment(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The environment for a client program that shall connect with libpq's `parameters`.

    Names and passwords go this way because arguments are readable by every user of the machine,
    and a database's name in an argument could be taken for an option.
    """
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in pq.Conninfo.get_defaults()
        if option.envvar
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = {
        variables[name]: str(value)
        for name, value in parameters.items()
        if value not in (None, "") and name in variables
    }
    return {**kept, **given, "LC_ALL": "C"}
