"""Who could have read a secret: processes' arguments while they run, and every file afterwards."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

PAUSE_SECONDS = 0.005
READ_BYTES = 64 << 20


class Spy:
    """A context manager: samples the arguments of all processes, as any user of the machine can."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.samples = 0
        self._seen: dict[str, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="spy", daemon=True)

    def __enter__(self) -> "Spy":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()

    def seen(self, secrets: Mapping[str, str]) -> list[str]:
        """Where these have been seen until now; told once."""
        found = [
            f"{name} in the arguments: {self._seen.pop(secret)}"
            for name, secret in secrets.items()
            if secret in self._seen
        ]
        return found

    def _watch(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            self.samples += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                for secret in list(self.secrets.values()):
                    if secret in words:
                        self._seen[secret] = words.replace(secret, "***")[:200]


def in_files(secrets: Mapping[str, str], paths: Iterable[Path]) -> list[str]:
    """Which secret stands in which file below these paths."""
    found = []
    for path in _files(paths):
        try:
            with path.open("rb") as file:
                content = file.read(READ_BYTES)
        except OSError:
            continue
        found += [
            f"{name} in {path.name}" for name, text in secrets.items() if text.encode() in content
        ]
    return found


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (each for each in path.rglob("*") if each.is_file())
        elif path.is_file():
            yield path
