"""What stages find out and hand on: frozen values, no behaviour beyond their own words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from safe_migrate.facts.danger import Judged, Operation
from safe_migrate.policy import Environment


class Grade(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"
    """Worth knowing; the run goes on."""
    FAIL = "fail"
    """The run is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check of the preflight found."""

    check: str
    grade: Grade
    text: str
    code: str = ""
    """The failure's code where the grade is FAIL."""
    remedy: tuple[str, ...] = ()
    """What to do about it, first things first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Which database this is."""

    environment: Environment
    stamped: bool
    alias: str
    database: str
    host: str
    user: str
    server_version: str
    server_major: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class Checksum:
    """Hex SHA-256 of a migration's source, and of its syntax tree without comments and layout."""

    source: str
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedOperation:
    """One operation of a pending migration and the SQL that Django would run for it."""

    description: str
    statements: tuple[str, ...] = ()
    opaque: str = ""
    """Why there is no SQL to show, where there is none."""
    deferred: int = 0
    """How many of the last statements Django runs at the migration's end."""
    told: Operation | None = None
    """What a hazard is told of it; None for a state operation with others for the database."""
    dangers: tuple[Judged, ...] = ()
    """What was found, in the order of the statements."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedMigration:
    """A pending migration."""

    app: str
    name: str
    backwards: bool
    atomic: bool
    operations: tuple[PlannedOperation, ...]
    acknowledged: tuple[tuple[str, str], ...] = ()
    """Codes of hazards that its author knows of, each with the reason why it may be."""
    checksum: str = ""
    """Of its source."""
    dangers: tuple[Judged, ...] = ()
    """Those of the migration as a whole."""

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A backup that exists: its data is stored and its manifest was written after it."""

    id: str
    data: str
    """Name of the data file in the `dbbackup` storage."""
    manifest: str
    environment: str
    created_at: datetime
    size: int
    """Bytes as stored."""
    sha256: str
    rows: dict[str, int] = field(repr=False)
    """Exact number of rows of each table, from the dump's own snapshot."""
    level: str = ""
    """How far it was verified; empty before."""


class Progress(Protocol):
    """Where a run tells what it is doing; reports/progress.py writes it to stderr."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def note(self, text: str) -> None:
        """Something worth a line of its own."""

    def doing(self, text: str) -> None:
        """What is under way now; replaced by the next."""

    def amount(self, text: str) -> None:
        """How far that is; told many times a second."""


class Silent:
    """A Progress for callers who want none; a context manager like the ones that tell."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing to end."""

    def stage(self, name: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def doing(self, text: str) -> None:
        """Say nothing."""

    def amount(self, text: str) -> None:
        """Say nothing."""
