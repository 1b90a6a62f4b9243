"""Carries faults out on a subject and notes what is seen; fault.judge says what that comes to."""

import random
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults import setting, spy
from tests.faults.fault import Act, Fault, Outcome, Seen, Truth, judge
from tests.faults.forks import Ran, Started
from tests.faults.spy import Spy
from tests.faults.subjects import Stored, Subject


@dataclass(frozen=True)
class Skipped:
    """A fault that could not be injected, and why."""

    family: str
    name: str
    subject: str
    why: str


class NotInjected(Exception):
    """The struck command never came to where the fault waited: nothing was learnt."""


@dataclass
class Trial:
    """One fault in one subject: what its injection works with."""

    fault: Fault
    subject: Subject
    number: int
    seen: Seen = field(default_factory=Seen)
    stored: Stored | None = None
    """The good backup that is to be struck."""
    preludes: list[str] = field(default_factory=list)
    """Code that the struck command runs first."""
    while_under_way: Any = None
    """Given the started command at its stop; None kills it."""
    argv: list[str] | None = None
    """The struck command, where it is not the usual one."""
    again: bool = True
    """The same command, run again without the fault, must succeed."""
    original: dict[str, str] = field(default_factory=dict)
    """The content that a backup must give back, where the injection changed it."""

    others: int = 0
    """Backups that other processes made with exit code 0 meanwhile, which must all be there."""
    lift: Callable[[], None] = lambda: None
    """Ends the fault, before what it left is looked at."""

    @property
    def variant(self) -> str:
        """Which kind of backup is struck."""
        return self.fault.variants.get(self.subject.kind, "")

    @property
    def dice(self) -> random.Random:
        """The same for every subject and every campaign."""
        return random.Random(f"{self.fault.family} {self.fault.name}")

    @property
    def marker(self) -> Path:
        return self.subject.root / "stopped-here"

    def path(self, name: str) -> Path:
        """A file of the storage."""
        return self.subject.backups / name

    def run(self, *argv: str, prelude: str = "") -> Ran:
        """A command of the subject's project, noted."""
        usual = self.subject.prelude(self.variant)
        ran = self.subject.forks.run(*argv, prelude=usual + prelude)
        self.seen.notes.append(str(ran))
        return ran

    def struck(self, argv: list[str]) -> Ran:
        """The command that the fault strikes."""
        preludes = [self.subject.prelude(self.variant), *self.preludes]
        stop = (self.fault.stop or {}).get(self.subject.kind)
        self.marker.unlink(missing_ok=True)
        if stop:
            place, when, number = stop
            preludes.append(
                setting.STOP.format(place=place, when=when, number=number, marker=str(self.marker))
            )
        started = self.subject.forks.start(*(self.argv or argv), prelude="".join(preludes))
        if stop:
            if not started.reaches(self.marker):
                started.wait()
                raise NotInjected("the command ended before it came to its stop")
            self.seen.notes.append("struck at its stop")
            (self.while_under_way or Started.kill)(started)
            self.marker.unlink(missing_ok=True)
        elif self.while_under_way:
            self.while_under_way(started)
        ran = started.wait()
        self.seen.notes.append(str(ran))
        return ran


def run(faults: Iterable[Fault], subject: Subject, own_spy: Spy) -> Iterator[Outcome | Skipped]:
    """Inject each fault that applies, one after the other."""
    own_spy.secrets |= {f"{subject.name} {k}": v for k, v in subject.secrets.items()}
    acts = {Act.STORED: _stored, Act.MAKING: _making, Act.RESTORING: _restoring}
    for number, fault in enumerate(faults):
        if not applies(fault, subject):
            continue
        trial = Trial(fault, subject, number)
        try:
            acts[fault.act](trial)
        except (pytest.skip.Exception, NotInjected) as skipped:
            yield Skipped(fault.family, fault.name, subject.kind, str(skipped))
            continue
        except Exception as error:
            # Nothing is known of this one, and the next begins anew.
            traceback.print_exception(error)
            why = f"THE HARNESS FAILED: {type(error).__name__}"
            yield Skipped(fault.family, fault.name, subject.kind, why)
            continue
        trial.seen.leaked += own_spy.seen(subject.secrets)
        places = [subject.root / "said", subject.backups, subject.temporary]
        trial.seen.leaked += spy.in_files(subject.secrets, places)
        for path in (subject.root / "said").iterdir():
            path.unlink()
        yield judge(fault, subject.kind, trial.seen)


def applies(fault: Fault, subject: Subject) -> bool:
    """Whether the subject has what the fault strikes."""
    return (
        (not fault.only or subject.kind in fault.only)
        and (fault.act is not Act.MAKING or fault.command in subject.commands)
        and (fault.stop is None or subject.kind in fault.stop)
    )


def _stored(trial: Trial) -> None:
    """A good backup is struck where it lies, then all is asked of it that people ask."""
    trial.stored = trial.subject.put(trial.variant)
    _at(trial, "present")
    asked = {"verify": _verify, "list": _list, "refused": _refused, "restore": _restore}
    with ExitStack() as stack:
        stack.enter_context(trial.fault.inject(trial) or nullcontext())
        for name in trial.fault.asked:
            asked[name](trial, "".join(trial.preludes))


def _verify(trial: Trial, prelude: str) -> None:
    assert trial.stored
    for argv in trial.subject.verifications(trial.stored, trial.number):
        ran = trial.run(*argv, prelude=prelude)
        if ran.code == 0:
            trial.seen.said_good.append(" ".join(argv[1:2] + argv[3:]))
        elif trial.fault.truth is Truth.GOOD:
            trial.seen.stuck.append("verify refused a good backup")


def _list(trial: Trial, prelude: str) -> None:
    seen, stored = trial.seen, trial.stored
    assert stored
    prelude = trial.subject.prelude(trial.variant) + prelude
    known, names, ran = trial.subject.listed(prelude)
    seen.notes += map(str, ran)
    if level := known.get(stored.identifier):
        seen.said_good.append(f"list: {level}")
    if trial.subject.kind in trial.fault.partial:
        seen.listed += [name for name in {*known, *names} if stored.identifier in name]
    if trial.fault.truth is Truth.GOOD and stored.identifier not in known:
        seen.stuck.append("a good backup is not listed")


def _refused(trial: Trial, prelude: str) -> None:
    assert trial.stored
    for argv in trial.subject.refused_restores(trial.stored):
        trial.run(*argv, prelude=prelude)
        if trial.subject.state() != trial.subject.present:
            trial.seen.changed.append(f"{argv[0]} changed the database")
            trial.subject.set_back("present")


def _restore(trial: Trial, prelude: str) -> None:
    subject, seen = trial.subject, trial.seen
    assert trial.stored
    ran = trial.run(*(trial.argv or subject.restore(trial.stored)), prelude=prelude)
    state = subject.state()
    if ran.code == 0:
        seen.restored = state == subject.original
    elif state != subject.present:
        seen.changed.append(f"{ran.argv[0]} failed and changed the database")
    if ran.code != 0 and trial.fault.truth is Truth.GOOD:
        seen.stuck.append("restore refused a good backup")


def _making(trial: Trial) -> None:
    """A backup is made under the fault; what is in the storage afterwards is restored."""
    subject, fault = trial.subject, trial.fault
    subject.empty()
    _at(trial, "original")
    trial.original = subject.original
    with ExitStack() as stack:
        stack.enter_context(fault.inject(trial) or nullcontext())
        ran = trial.struck(subject.create(fault.command))
        _judge_making(trial, ran)


def _judge_making(trial: Trial, ran: Ran) -> None:
    """Whatever is in the storage now, and whether the same command succeeds now."""
    subject, fault, seen = trial.subject, trial.fault, trial.seen
    trial.lift()
    if ran.code != 0 and subject.state() != trial.original:
        seen.changed.append(f"the failed {ran.argv[0]} changed the database")
    known, names, listings = subject.listed(subject.prelude(trial.variant))
    seen.notes += map(str, listings)
    if len(known) < trial.others + (ran.code == 0):
        seen.unrestorable = True
        seen.notes.append("a backup that was made with exit code 0 is not listed")
    for stored in subject.found():
        _judge_made(trial, ran, stored, known, names)
    if ran.code != 0 and trial.again:
        subject.set_back("original")
        if trial.run(*subject.create(fault.command)).code != 0:
            seen.stuck.append("the same command, run again, failed")


def _judge_made(
    trial: Trial, ran: Ran, stored: Stored, known: dict[str, str | None], names: set[str]
) -> None:
    """One file that was left: partial, or a backup that restores to the original."""
    subject, seen = trial.subject, trial.seen
    listed = stored.identifier in known
    if listed:
        subject.set_back("present")
        again = trial.run(*subject.restore(stored))
        state = subject.state()
        good = again.code == 0 and state == trial.original
        if not good and known[stored.identifier]:
            seen.said_good.append("list")
        if not good and ran.code == 0:
            seen.unrestorable = True
        if not good and again.code == 0:
            seen.restored = False
        if again.code != 0 and state != subject.present:
            seen.changed.append("the failed restore changed the database")
    else:
        good = not trial.path(stored.data).is_file() or subject.whole(trial.path(stored.data))
    # What is whole and has no manifest yet is not partial; but to us it is no backup either.
    no_backup = subject.kind == "ours" and not listed and stored.data in names
    if no_backup or (not good and ran.code != 0 and (listed or stored.data in names)):
        seen.listed.append(stored.data)


def _restoring(trial: Trial) -> None:
    """A good backup is restored under the fault, then once more without it."""
    subject, fault, seen = trial.subject, trial.fault, trial.seen
    trial.stored = subject.put(trial.variant)
    _at(trial, "present")
    with ExitStack() as stack:
        stack.enter_context(fault.inject(trial) or nullcontext())
        ran = trial.struck(subject.restore(trial.stored))
        trial.lift()
        state = subject.state()
        if ran.code == 0:
            seen.restored = state == subject.original
        elif state not in (subject.present, subject.original):
            seen.changed.append(f"{ran.argv[0]} left neither the old content nor the backup's")
        elif state != subject.present and ran.code > 0:
            seen.changed.append(f"{ran.argv[0]} failed and changed the database")
        if trial.again:
            again = trial.run(*subject.restore(trial.stored))
            if again.code != 0 or subject.state() != subject.original:
                seen.stuck.append("the same command, run again, did not restore")


def _at(trial: Trial, to: str) -> None:
    """The database in a known state; made anew only where it is in another."""
    subject = trial.subject
    wanted = subject.present if to == "present" else subject.original
    if subject.state() != wanted:
        subject.set_back(to)
