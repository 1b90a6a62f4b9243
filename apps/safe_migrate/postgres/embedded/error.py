"""The one failure of the embedded server: what happened, and what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ELSEWHERE = "or set DATABASE_URL to a PostgreSQL server of your own"
TAIL_LINES = 15
_REMEDIES = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some disk space or raise the quota",
}


class EmbeddedError(Exception):
    """The embedded server cannot be had: `what` happened, and the `remedy`."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\nremedy: {self.remedy}"


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn an OSError met under `root` into an EmbeddedError with the remedy for its kind."""
    try:
        yield
    except OSError as error:
        usable = f"make {root} a folder that this user owns and can write to"
        raise EmbeddedError(
            f"the embedded PostgreSQL cannot use {error.filename or root}: {error.strerror}",
            f"{_REMEDIES.get(error.errno or 0, usable)}, {ELSEWHERE}",
        ) from error


def tail(log: Path, begin: int = 0) -> str:
    """The last lines that the server logged after byte `begin`, indented."""
    try:
        with log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:]) or "    (nothing was logged)"
