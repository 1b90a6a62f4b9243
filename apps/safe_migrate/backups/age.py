"""Encryption by age (age-encryption.org/v1) through pyrage: streamed, nothing readable on a disk.

Where backups are made only the recipients' public keys are needed; to restore, an identity file.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from queue import Queue
from typing import Any

from safe_migrate.backups.codec import Pulled
from safe_migrate.errors import Refused

NAME = "age"
_WAITING_PIECES = 4


class Undecryptable(ValueError):
    """Not encrypted for this identity, or damaged."""


def encrypt(chunks: Iterable[bytes], recipients: tuple[str, ...]) -> Iterator[bytes]:
    """The same bytes for these recipients' eyes only. Raises what `chunks` raises."""
    library = _library()
    keys = [_recipient(library, recipient) for recipient in recipients]
    return _streamed(chunks, lambda source, target: library.encrypt_io(source, target, keys))


def decrypt(chunks: Iterable[bytes], identity_file: Path) -> Iterator[bytes]:
    """The plain bytes again.

    Raises Undecryptable, Refused where the identity cannot be used (SM-B702, SM-B703), and what
    `chunks` raises.
    """
    library = _library()
    keys = _identities(library, identity_file)
    return _streamed(chunks, lambda source, target: library.decrypt_io(source, target, keys))


def require(recipients: tuple[str, ...]) -> None:
    """Raises Refused where pyrage is not installed (SM-B701) or a key is none (SM-B704).

    Without recipients nothing is required.
    """
    if recipients:
        library = _library()
        for recipient in recipients:
            _recipient(library, recipient)


def _library() -> Any:
    try:
        return import_module("pyrage")
    except ImportError:
        raise Refused(
            "SM-B701",
            "Backups are to be encrypted with age, and pyrage is not installed.",
            next='pip install "django-pg-safe-migrate[age]"',
        ) from None


def _recipient(library: Any, text: str) -> Any:
    kind = library.ssh.Recipient if text.startswith("ssh-") else library.x25519.Recipient
    try:
        return kind.from_str(text)
    except library.RecipientError as error:
        raise Refused(
            "SM-B704",
            f"SAFE_MIGRATE['AGE_RECIPIENTS'] has {text[:20]!r}…, which is no public key: {error}",
            next="Give keys that begin with age1, ssh-ed25519 or ssh-rsa.",
        ) from None


def _identities(library: Any, path: Path) -> list[Any]:
    try:
        text = path.read_text()
        if "PRIVATE KEY" in text:
            return [library.ssh.Identity.from_buffer(text.encode())]
        lines = (line.strip() for line in text.splitlines())
        return [
            library.x25519.Identity.from_str(line)
            for line in lines
            if line and not line.startswith("#")
        ]
    except OSError as error:
        raise Refused(
            "SM-B702",
            f"The identity file {path} cannot be read: {error.strerror}.",
            next="Set SAFE_MIGRATE['AGE_IDENTITY_FILE'] to the file of the private key.",
        ) from error
    except (ValueError, library.IdentityError) as error:
        raise Refused(
            "SM-B703",
            f"{path} holds no age identity.",
            next="Give the file that age-keygen wrote, or an SSH private key without passphrase.",
        ) from error


class _Stopped(Exception):
    """The reader of the stream has gone."""


def _streamed(chunks: Iterable[bytes], work: Callable[[Any, Any], None]) -> Iterator[bytes]:
    """What `work` writes while it reads the chunks: it runs in a thread, a few pieces ahead."""
    pieces: Queue[bytes | None] = Queue(_WAITING_PIECES)
    source, target = _Source(chunks), _Target(pieces)
    failures: list[Exception] = []

    def run() -> None:
        try:
            work(source, target)
        except Exception as error:
            failures.append(source.failure or error)
        pieces.put(None)

    thread = threading.Thread(target=run, name="age", daemon=True)
    thread.start()
    try:
        while (piece := pieces.get()) is not None:
            yield piece
    finally:
        source.stopped = target.stopped = True
        while thread.is_alive():
            _drain(pieces)
            thread.join(0.05)
    if source.failure:
        raise source.failure
    if failures:
        raise Undecryptable(str(failures[0])) from failures[0]


def _drain(pieces: "Queue[bytes | None]") -> None:
    while not pieces.empty():
        pieces.get_nowait()


class _Source(Pulled):
    """What pyrage reads; an error of the source is kept, since pyrage turns it into its own."""

    failure: Exception | None = None
    stopped = False

    def read(self, size: int = -1) -> bytes:
        """A piece."""
        try:
            if self.stopped:
                raise _Stopped
            return super().read(size)
        except Exception as error:
            self.failure = self.failure or error
            raise


class _Target:
    """What pyrage writes to."""

    stopped = False

    def __init__(self, pieces: "Queue[bytes | None]") -> None:
        self._pieces = pieces

    def write(self, piece: bytes) -> int:
        """Hand it on, waiting while enough of them wait already."""
        if self.stopped:
            raise _Stopped
        self._pieces.put(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here."""
