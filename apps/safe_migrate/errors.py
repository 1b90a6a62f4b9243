"""Failures that teach: what happened, the state now, what was lost, what next, where to read.

Every failure has a stable code; its page is docs/errors.md. One class per exit code.
"""

from enum import IntEnum
from typing import ClassVar

DOCS = "docs/errors.md"


class Exit(IntEnum):
    """Exit codes of every command of this tool (DESIGN.md, Contracts)."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    PENDING = 3
    REFUSED = 4
    LOCKED = 5
    FAILED_UNCHANGED = 6
    FAILED_PARTLY = 7
    BACKUP_FAILED = 8
    INTERRUPTED = 130
    TERMINATED = 143


class SafeMigrateError(Exception):
    """A failure with its code and the four answers a person needs at three in the morning.

    `what` happened, the `state` of the database now, whether anything was `lost`, and the `next`
    commands in the order to try them.
    """

    exit: ClassVar[Exit] = Exit.UNEXPECTED
    default_state: ClassVar[str] = "Unknown."
    default_lost: ClassVar[str] = "Nothing was lost."

    def __init__(
        self,
        code: str,
        what: str,
        *,
        next: str | tuple[str, ...],
        state: str | None = None,
        lost: str | None = None,
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.next = (next,) if isinstance(next, str) else next
        self.state = state or self.default_state
        self.lost = lost or self.default_lost

    @property
    def docs(self) -> str:
        """Where to read more."""
        return f"{DOCS}#{self.code.lower()}"


class UsageError(SafeMigrateError):
    """The command's arguments do not fit: nothing was looked at."""

    exit = Exit.USAGE
    default_state = "The database was not touched."


class Refused(SafeMigrateError):
    """A rule forbids the run; nothing was touched."""

    exit = Exit.REFUSED
    default_state = "The database was not touched."


class LockNotObtained(SafeMigrateError):
    """Somebody else holds what we need; running the same command again is safe."""

    exit = Exit.LOCKED
    default_state = "The database was not touched."


class Failed(SafeMigrateError):
    """A migration failed and its transaction was rolled back."""

    exit = Exit.FAILED_UNCHANGED
    default_state = "The database is unchanged: the transaction was rolled back."


class FailedPartly(SafeMigrateError):
    """A run failed after part of it was committed; running the same command again resumes it."""

    exit = Exit.FAILED_PARTLY


class BackupFailed(SafeMigrateError):
    """There is no verified backup, so nothing was migrated."""

    exit = Exit.BACKUP_FAILED
    default_state = "The database was not touched: no migration runs without a verified backup."


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where Ctrl-C would be, so that psycopg cancels the running statement."""
