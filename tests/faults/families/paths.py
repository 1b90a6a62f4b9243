"""Identifiers that are no identifiers, and links in the place of files."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.faults.fault import Act, Fault, Truth
from tests.faults.runner import Trial

NAME = "paths and links"
ASKED = (
    "../backups/{id}",
    "../../stored/usual/{id}",
    "{folder}/{id}",
    "./{id}",
    "{id}/../{id}",
    "{id}.manifest.json",
    "{id}\n",
    "{id} ",
    " {id}",
    "{ID}",
    "..",
    ".",
    "/",
    "",
    "*",
    "backup-*",
    "backup-staging-20261122T" + "\N{ARABIC-INDIC DIGIT ONE}" * 12 + "Z",
    "backup-staging-99999999T999999999999Z",
    "{id}" * 40,
    "%2e%2e/{id}",
)


def ask_for(trial: Trial, identifier: str) -> None:
    """The restore is asked for by this name; a backup that would fit lies there."""
    assert trial.stored
    own = trial.stored.identifier if trial.subject.kind == "ours" else trial.stored.data
    name = identifier.format(id=own, ID=own.lower(), folder=trial.subject.backups)
    if trial.subject.kind == "ours":
        trial.argv = [*trial.subject.restore(trial.stored)]
        # After `--`, as a careful caller gives it: never taken for an option.
        trial.argv.remove(trial.stored.identifier)
        trial.argv += ["--", name]
    else:
        trial.argv = ["dbrestore", "--noinput", f"--input-filename={name}"]


@contextmanager
def link(trial: Trial, part: str) -> Iterator[None]:
    """A file of the backup is a link to another one, which nothing may change."""
    assert trial.stored
    path = trial.path(getattr(trial.stored, part))
    if not path.exists():
        path = trial.path(trial.stored.manifest)
    target = trial.subject.root / "elsewhere"
    shutil.move(path, target)
    path.symlink_to(target)
    before = target.read_bytes()
    yield
    if not target.exists() or target.read_bytes() != before:
        trial.seen.changed.append(f"what {path.name} linked to was changed")
    target.unlink(missing_ok=True)


@contextmanager
def link_partial(trial: Trial, name: str) -> Iterator[None]:
    """Where a partial file will be, there is a link to somebody's file."""
    target = trial.subject.root / "elsewhere"
    target.write_text("precious")
    trial.subject.backups.mkdir(exist_ok=True)
    trial.path(name).symlink_to(target)
    yield
    if target.read_text() != "precious":
        trial.seen.changed.append("what the link pointed to was changed")
    target.unlink()


@contextmanager
def linked_folder(trial: Trial) -> Iterator[None]:
    """The storage's folder itself is a link: that is the operator's choice, and works."""
    real = trial.subject.root / "elsewhere"
    shutil.move(trial.subject.backups, real)
    trial.subject.backups.symlink_to(real)
    yield
    trial.subject.backups.unlink()
    shutil.move(real, trial.subject.backups)


def dangling(trial: Trial) -> None:
    """The data is a link to nothing."""
    assert trial.stored
    path: Path = trial.path(trial.stored.data)
    path.unlink()
    path.symlink_to("nothing")


def faults() -> Iterator[Fault]:
    """Names, then links."""
    for name in ASKED:
        yield Fault(
            family=NAME,
            name=f"restore {name[:40]!r}",
            act=Act.STORED,
            inject=partial(ask_for, identifier=name),
            truth=Truth.REFUSED,
            # To the others a file of this name in the storage is as good as any.
            only=() if "stored" in name else ("ours",),
            asked=("restore",),
        )
    for part in ("data", "manifest"):
        yield Fault(
            family=NAME,
            name=f"the {part} is a link",
            act=Act.STORED,
            inject=partial(link, part=part),
            truth=Truth.REFUSED,
            only=("ours",),
            partial=("ours",),
        )
    yield Fault(
        family=NAME,
        name="the record of verification is a link",
        act=Act.STORED,
        inject=partial(link, part="sidecar"),
        truth=Truth.GOOD,
        only=("ours",),
    )
    yield Fault(
        family=NAME, name="a link to nothing", act=Act.STORED, inject=dangling, partial=("ours",)
    )
    yield Fault(
        family=NAME,
        name="the folder is a link",
        act=Act.STORED,
        inject=linked_folder,
        truth=Truth.GOOD,
    )
    for command in ("create", "migrate"):
        yield Fault(
            family=NAME,
            name=f"a link where the probe will be, {command}",
            act=Act.MAKING,
            inject=partial(link_partial, name=".partial-probe"),
            command=command,
            only=("ours",),
        )
