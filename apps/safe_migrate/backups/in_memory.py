"""Files for a program to read that are on no disk: a kill leaves nothing of them behind."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def in_memory() -> Iterator[IO[bytes]]:
    """A new file: in memory where the system can (Linux), else a temporary one, for us alone."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("safe_migrate"), "wb") as file:
            yield file
    else:
        with tempfile.NamedTemporaryFile(prefix="safe_migrate-") as named:
            yield named


def path_of(file: IO[bytes]) -> str:
    """What a program that inherits the descriptor opens; what was written is there to be read."""
    file.flush()
    return file.name if isinstance(file.name, str) else f"/dev/fd/{file.fileno()}"
