"""What a fault is, what was seen of one, and what that comes to. Pure."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EVERYBODY = ("ours", "binary", "plain")


class Act(StrEnum):
    """What the fault strikes, and so which commands are run."""

    STORED = "stored"
    """A good backup: it is then verified, listed and restored."""
    MAKING = "making"
    """A backup in the making: what is there afterwards is listed, verified and restored."""
    RESTORING = "restoring"
    """A restore of a good backup; afterwards the same command is run again."""


class Truth(StrEnum):
    """What is known of the backup, since we struck it ourselves."""

    BAD = "bad"
    """It is not what was dumped: nothing may call it good or restore it."""
    GOOD = "good"
    """It is still whole: a restore may succeed, and must then give the original content."""
    REFUSED = "refused"
    """It may be whole, but is not to be restored here."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, as data."""

    family: str
    name: str
    act: Act
    inject: Callable[[Any], AbstractContextManager[None] | None]
    """Given the trial (runner.Trial): strikes it now, or for as long as the context lasts."""
    truth: Truth = Truth.BAD
    partial: tuple[str, ...] = ()
    """Kinds of subject for which what is left is no whole backup, so that nothing may list it."""
    asked: tuple[str, ...] = ("verify", "list", "refused", "restore")
    """For STORED: which commands are run, in this order."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """Kind of subject → which of its kinds of backup, where that is not its usual one."""
    command: str = "create"
    """For MAKING: `create`, or `migrate` where the subject has one that makes a backup."""
    stop: Mapping[str, tuple[str, str, int]] | None = None
    """Kind of subject → where its command is stopped: place, when, number (stops.py)."""
    only: tuple[str, ...] = ()
    """Kinds of subject that it can be injected into; none for all."""
    alone: bool = False
    """It strikes the server, so nothing else may run."""


@dataclass(kw_only=True)
class Seen:
    """What was seen of one fault in one subject."""

    said_good: list[str] = field(default_factory=list)
    """What called the struck backup good: verify ended with 0, or it was listed as verified."""
    restored: bool | None = None
    """A restore of it ended with 0: whether the content is the original's."""
    unrestorable: bool = False
    """A backup that was made with exit code 0 does not restore to the original."""
    listed: list[str] = field(default_factory=list)
    """Names of partial files, or of files that are no backups, in a listing."""
    changed: list[str] = field(default_factory=list)
    """Commands that failed and left another content than they found."""
    stuck: list[str] = field(default_factory=list)
    """A good backup that was refused, or a command that does not finish when it is run again."""
    leaked: list[str] = field(default_factory=list)
    """Which secret was seen where."""
    notes: list[str] = field(default_factory=list)
    """What the commands said, for whoever looks into it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one fault came to in one subject."""

    family: str
    name: str
    subject: str
    accepted: bool
    listed: bool
    changed: bool
    leaked: bool
    stuck: bool
    notes: tuple[str, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether anything of it must not be."""
        return self.accepted or self.listed or self.changed or self.leaked or self.stuck


def judge(fault: Fault, subject: str, seen: Seen) -> Outcome:
    """Compare what was seen with what may be.

    Accepted is a bad backup that a command called good, and any restore that ended with 0 on other
    content than the original's or of a backup that is not to be restored here.
    """
    why = []
    if fault.truth is Truth.BAD and seen.said_good:
        why += [f"called good by {command}" for command in seen.said_good]
    if seen.restored is False:
        why.append("restored with exit code 0, and the content is another")
    if seen.restored and fault.truth is Truth.REFUSED:
        why.append("restored, though it is not to be restored here")
    if seen.unrestorable:
        why.append("made with exit code 0, and does not restore")
    return Outcome(
        family=fault.family,
        name=fault.name,
        subject=subject,
        accepted=bool(why),
        listed=bool(seen.listed),
        changed=bool(seen.changed),
        leaked=bool(seen.leaked),
        stuck=bool(seen.stuck),
        notes=tuple(seen.notes),
        why=(
            *why,
            *(f"listed {name}" for name in seen.listed),
            *seen.changed,
            *seen.leaked,
            *seen.stuck,
        ),
    )
