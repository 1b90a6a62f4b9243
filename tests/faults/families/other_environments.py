"""Backups that are not this project's to restore: other environments', servers', databases'."""

import shutil
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.faults.families.edited_manifests import rewrite
from tests.faults.fault import Act, Fault, Truth
from tests.faults.runner import Trial
from tests.faults.subjects import Stored

NAME = "other environments and servers"
LATER = "20991231T235959000000Z"


def rename(trial: Trial, identifier: str) -> None:
    """The backup's files under another identifier, manifest and all, rightly sealed."""
    assert trial.stored
    before = trial.stored
    for path in list(trial.subject.backups.iterdir()):
        if path.is_file() and path.name.startswith(before.identifier):
            path.rename(path.with_name(path.name.replace(before.identifier, identifier)))
    trial.stored = Stored(
        identifier,
        before.data.replace(before.identifier, identifier),
        f"{identifier}.manifest.json",
    )


def foreign(trial: Trial, identifier: str = "", **changes: Any) -> None:
    """A good backup, but of something else."""
    assert trial.stored
    if identifier:
        rename(trial, identifier)
        changes |= {"id": identifier, "data": trial.stored.data}
    rewrite(trial, lambda content: content | changes, "right")


def newest_of_all(trial: Trial) -> None:
    """Production's newest file lies beside staging's, and dbrestore is asked for the newest."""
    kept = trial.subject.kept("other")
    for path in kept.iterdir():
        if path.is_file():
            name = path.name.split("-vm-")[0] + "-production-2099-12-31-235959"
            suffix = path.name.partition(".")[2]
            shutil.copyfile(path, trial.subject.backups / f"{name}.{suffix}")
    trial.argv = ["dbrestore", "--noinput"]


def newest_of_ours(trial: Trial) -> None:
    """The same for ours, with stock dbrestore on our storage."""
    foreign(trial, f"backup-production-{LATER}", environment="production")
    shutil.copytree(trial.subject.kept(""), trial.subject.backups, dirs_exist_ok=True)
    trial.argv = ["dbrestore", "--noinput"]


def faults() -> Iterator[Fault]:
    """Ours are refused until they are named; the baseline has no notion of them."""
    fault = partial(
        Fault,
        family=NAME,
        act=Act.STORED,
        truth=Truth.REFUSED,
        only=("ours",),
        asked=("list", "refused", "restore"),
    )
    for environment in ("production", "development", "test"):
        yield fault(
            name=f"a backup of {environment}",
            inject=partial(
                foreign, identifier=f"backup-{environment}-{LATER}", environment=environment
            ),
            partial=(),
        )
    for name, changes in (
        ("another server's", {"system_identifier": "7000000000000000001"}),
        ("a server's without a name", {"system_identifier": ""}),
        ("another database's", {"database": "warehouse"}),
        ("a newer server's", {"server_major": 19}),
        ("a restore point", {"kind": "restore-point", "codec": "none"}),
    ):
        yield fault(name=name, inject=partial(foreign, **changes))
    for environment in ("nowhere", "Production", "staging2"):
        yield fault(
            name=f"an environment {environment!r} that there is not",
            inject=partial(
                foreign, identifier=f"backup-{environment}-{LATER}", environment=environment
            ),
        )
    yield fault(name="dbrestore takes the newest of all", inject=newest_of_ours)
    yield Fault(
        family=NAME,
        name="dbrestore takes the newest of all files",
        act=Act.STORED,
        inject=newest_of_all,
        truth=Truth.REFUSED,
        only=("binary", "plain"),
    )
