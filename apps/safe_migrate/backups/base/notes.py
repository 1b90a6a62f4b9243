"""The folder of base backups: each whole and verified, with a note written last, or not there."""

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from safe_migrate.backups import store

SCHEMA = "safe_migrate.base/1"
NOTE_SUFFIX = ".json"
_ID = re.compile(r"base-[a-z]+-\d{8}T\d{12}Z", re.ASCII)


class Kind(StrEnum):
    """How much was copied."""

    FULL = "full"
    INCREMENTAL = "incremental"
    """Only what changed since its parent, which it needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The note of one base backup. Times are UTC as in RFC 3339, sizes are bytes."""

    schema: str
    id: str
    """The name of its folder."""
    kind: Kind
    parent: str
    environment: str
    started_at: str
    finished_at: str
    system_identifier: str
    server_version: str
    files: int
    size: int
    manifest_sha256: str

    @property
    def finished(self) -> datetime:
        """When pg_basebackup had ended, by this machine's clock."""
        return datetime.fromisoformat(self.finished_at)


def new_id(environment: str, moment: datetime) -> str:
    """The name of a base backup begun at a moment."""
    return f"base-{environment}-{moment.astimezone(UTC).strftime('%Y%m%dT%H%M%S%fZ')}"


def known(folder: Path) -> list[Base]:
    """The base backups with a note and a folder, newest first."""
    notes = (_read(path) for path in folder.glob(f"base-*{NOTE_SUFFIX}"))
    there = [base for base in notes if base and (folder / base.id).is_dir()]
    return sorted(there, key=lambda base: base.id, reverse=True)


def newest(bases: Sequence[Base], system_identifier: str, before: datetime) -> list[Base]:
    """The newest one of this cluster that had ended before a moment, with those it builds on.

    The full one first; empty for none. Pure.
    """
    for base in bases:
        same = not system_identifier or base.system_identifier == system_identifier
        whole = chain(bases, base)
        if same and whole and base.finished <= before:
            return whole
    return []


def chain(bases: Sequence[Base], last: Base) -> list[Base]:
    """What pg_combinebackup is given: the full one first; empty where a part is gone. Pure."""
    by_id = {base.id: base for base in bases}
    found = [last]
    while found[0].kind is Kind.INCREMENTAL:
        parent = by_id.get(found[0].parent)
        if parent is None or parent in found:
            return []
        found.insert(0, parent)
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One base backup at a time; what a killed one left behind is removed. Raises OSError.

    BlockingIOError where another one is under way.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for debris in folder.glob(f"{store.PARTIAL_PREFIX}*"):
            # The pg_basebackup of a killed run may still be writing there: then the next one.
            shutil.rmtree(debris, ignore_errors=True)
        yield


def publish(partial: Path, base: Base) -> None:
    """Give the folder its name and write its note: from now on it counts."""
    folder = partial.parent
    partial.rename(folder / base.id)
    store.sync_folder(folder)
    with store.partial(folder, base.id + NOTE_SUFFIX) as (file, path):
        file.write((json.dumps(asdict(base), indent=2) + "\n").encode())
        store.sync(file)
        path.rename(folder / (base.id + NOTE_SUFFIX))
    store.sync_folder(folder)


def _read(path: Path) -> Base | None:
    try:
        given = json.loads(path.read_text())
        base = Base(**{**given, "kind": Kind(given["kind"])})
        started, finished = (
            datetime.fromisoformat(text) for text in (base.started_at, base.finished_at)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The name comes from a file: never a path.
    named = base.id + NOTE_SUFFIX == path.name and _ID.fullmatch(base.id)
    aware = started.tzinfo and finished.tzinfo
    return base if base.schema == SCHEMA and named and aware else None


def utc(moment: datetime) -> str:
    """As RFC 3339 has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
