"""Make a data folder so that it is there whole or not at all."""

import os
import secrets
import shutil
import sys
from pathlib import Path

from safe_migrate.postgres.embedded.address import SUPERUSER
from safe_migrate.postgres.embedded.error import ELSEWHERE, EmbeddedError, tail
from safe_migrate.postgres.embedded.launch import account, log, run
from safe_migrate.postgres.embedded.layout import Layout

# PostgreSQL 17 brought a C.UTF-8 of its own; before that it is the machine's, where it has one.
BUILTIN = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
LIBC = ("--locale=C.UTF-8",) if sys.platform == "linux" else ("--locale=C",)


def create(layout: Layout, binaries: Path, server: int) -> None:
    """Make `layout.data` with the password inside. The caller holds the `server` lock.

    Raises EmbeddedError when initdb fails, OSError when the root is not usable.
    """
    shutil.rmtree(layout.partial, ignore_errors=True)
    layout.partial.mkdir(mode=0o700)
    try:
        password = layout.partial / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        _give_away(layout.partial, password)
        data = layout.partial / "data"
        _initdb(layout, binaries, data, password, server)
        password.rename(data / layout.password.name)
        data.rename(layout.data)
    finally:
        shutil.rmtree(layout.partial, ignore_errors=True)


def _initdb(layout: Layout, binaries: Path, data: Path, password: Path, server: int) -> None:
    command = [
        str(binaries / "initdb"),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *(BUILTIN if layout.major >= 17 else LIBC),
        "--no-sync",
        "--no-instructions",
        # A random password needs no stretching, which would cost every connection some ms.
        "--set=scram_iterations=1",
    ]
    with log(layout) as (output, begin):
        code = run(command, layout, server, output, detach=False)
    if code != 0:
        raise EmbeddedError(
            f"initdb of the embedded PostgreSQL {layout.major} failed (exit code {code}); "
            f"the end of its log:\n{tail(layout.log, begin)}",
            f"see {layout.log}, {ELSEWHERE}",
        )


def _give_away(*paths: Path) -> None:
    """Hand what we made to the user that the server will run as."""
    user = account(paths[0] / "data")
    if user is None:
        return
    try:
        for path in paths:
            os.chown(path, *user)
    except OSError as error:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and root cannot give files to another user "
            f"here ({error.strerror})",
            f"run as an ordinary user, {ELSEWHERE}",
        ) from error
