"""A stream's hash, taken as it passes."""

import hashlib
from collections.abc import Iterable, Iterator


class Hashed:
    """Pieces passed on as they come; when they have ended, their SHA-256 and number of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._digest.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """Of what has passed, in hexadecimal."""
        return self._digest.hexdigest()
