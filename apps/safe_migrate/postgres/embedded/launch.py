"""Start the server's programs: as a user PostgreSQL accepts, with nothing of ours inherited."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from safe_migrate.postgres.embedded import keeper, privileges
from safe_migrate.postgres.embedded.layout import Layout
from safe_migrate.postgres.embedded.lease import Lease

NOBODY = 65534
LOG_LIMIT = 1024 * 1024
# No secret of our environment belongs into that of a server; Python and PostgreSQL may need
# these to find their libraries. TZ saves initdb the search through all time zones there are.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SET = {"LC_ALL": "C", "TZ": "UTC"}


def account(data: Path) -> tuple[int, int] | None:
    """Uid and gid to run the server as, or None where they are already the process's own.

    Root gives way to the owner of the data folder, or to `nobody` where there is none yet.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid:
        return owner.st_uid, owner.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return nobody.pw_uid, nobody.pw_gid


@contextmanager
def log(layout: Layout) -> Iterator[tuple[IO[bytes], int]]:
    """The server's log and its length; begun anew when it has grown too long."""
    descriptor = os.open(layout.log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        if os.fstat(descriptor).st_size > LOG_LIMIT:
            file.truncate(0)
        yield file, os.fstat(descriptor).st_size


def run(
    program: Sequence[str], layout: Layout, server: int, output: IO[bytes], *, detach: bool
) -> int:
    """Run a program of the wheel, holding the `server` lock. Returns its exit code.

    Detached it is left running, in a session of its own, and 0 is returned.
    """
    uid, gid = account(layout.data) or (-1, -1)
    mode = "detach" if detach else "wait"
    return subprocess.run(
        [*_script(privileges.__file__), str(uid), str(gid), mode, *program],
        check=False,
        cwd="/",
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=[server],
    ).returncode


def hire(layout: Layout, lease: Lease, lock: int) -> None:
    """Start the keeper, which takes over `lock`."""
    paths = [str(path) for path in (layout.users, layout.server, layout.data)]
    subprocess.run(
        [*_script(keeper.__file__), str(lock), *paths, lease.name],
        check=False,
        cwd="/",
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[lock],
    )


def _script(path: str) -> list[str]:
    return [sys.executable, "-I", "-S", path]


def _environment() -> dict[str, str]:
    return {key: os.environ[key] for key in _PASSED_ON if key in os.environ} | _SET
