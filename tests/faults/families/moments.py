"""Two backups in the same microsecond, or in the same second for tools that count no finer."""

from collections.abc import Iterator

from tests.faults.fault import Act, Fault
from tests.faults.forks import Forks, Started
from tests.faults.runner import Trial

NAME = "the same moment"
# One clock for every process: it stands.
FROZEN = """
import datetime as real
import sys

class Standing(real.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2030, 1, 1, 12, 0, 0, 123456, tzinfo=tz)

for name in ("safe_migrate.backups.connector", "dbbackup.utils"):
    if name in sys.modules:
        sys.modules[name].datetime = Standing
"""


def before(trial: Trial) -> None:
    """Another backup has been made at this moment."""
    subject = trial.subject
    assert subject.forks.run(*subject.create("create"), prelude=FROZEN).code == 0
    trial.others += 1
    trial.preludes.append(FROZEN)


def meanwhile(trial: Trial) -> None:
    """While ours is under way another process makes one at the same moment."""
    trial.preludes.append(FROZEN)
    subject = trial.subject

    def strike(started: Started) -> None:
        said = subject.root / "said-by-others"
        with Forks(subject.project.folder, subject.project.variables, said) as others:
            others.before = subject.forks.before
            ran = others.run(*subject.create("create"), prelude=FROZEN)
        trial.others += ran.code == 0
        trial.seen.notes.append(f"meanwhile {ran}")

    trial.while_under_way = strike


def faults() -> Iterator[Fault]:
    """One after the other, and one in the middle of the other."""
    yield Fault(family=NAME, name="one after the other", act=Act.MAKING, inject=before)
    yield Fault(
        family=NAME,
        name="one after the other, safe_migrate",
        act=Act.MAKING,
        inject=before,
        command="migrate",
    )
    save = "django.core.files.storage.filesystem.FileSystemStorage._save"
    run = "dbbackup.db.base.BaseCommandDBConnector.run_command"
    stops = {
        "while it is dumped": {
            "ours": ("safe_migrate.backups.dump.stream", "item", 1),
            "binary": (run, "before", 1),
            "plain": (run, "before", 1),
        },
        "before it is published": dict.fromkeys(("ours", "binary", "plain"), (save, "before", 1)),
        "before its manifest": {
            "ours": ("safe_migrate.backups.store.publish", "before", 1),
        },
    }
    for when, stop in stops.items():
        yield Fault(
            family=NAME,
            name=f"another {when}",
            act=Act.MAKING,
            inject=meanwhile,
            stop=stop,
        )
