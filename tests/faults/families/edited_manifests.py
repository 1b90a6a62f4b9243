"""Manifests that somebody changed, exchanged or took away."""

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.faults.fault import Act, Fault, Truth
from tests.faults.runner import Trial
from tests.faults.subjects import Stored

NAME = "edited and swapped manifests"
Content = dict[str, Any]
# What is changed, and into what; each once with the old seal and once with a plain checksum.
CHANGES: dict[str, Any] = {
    "size": 1,
    "sha256": "0" * 64,
    "environment": "production",
    "kind": "restore-point",
    "codec": "none",
    "encryption": "age",
    "format": "directory",
    "data": "../other.dump",
    "database": "elsewhere",
    "system_identifier": "1",
    "server_major": 14,
    "owner": "postgres",
    "rows": {},
    "migrations": [],
    "objects": {},
    "database_settings": [["", "search_path=pg_temp"]],
    "database_acl": [["", "CONNECT", True]],
    "read_back": True,
    "schema": "safe_migrate.manifest/2",
}
# Of the wrong type, sealed as we do.
TYPES: dict[str, Any] = {"size": "12", "rows": [], "data": None, "sha256": 5, "objects": None}


def sealed(content: Content, key: str) -> Content:
    """With the seal that safe_migrate would give it, by its documented rule."""
    rest = {name: value for name, value in content.items() if name != "seal"}
    text = json.dumps(rest, sort_keys=True).encode()
    if key:
        made = f"hmac-sha256:{hmac.new(key.encode(), text, hashlib.sha256).hexdigest()}"
    else:
        made = f"sha256:{hashlib.sha256(text).hexdigest()}"
    return rest | {"seal": made}


def rewrite(trial: Trial, change: Callable[[Content], Content], seal: str = "old") -> None:
    """Change the manifest; `seal` is the old one, plain, of another key or right."""
    assert trial.stored
    path = trial.path(trial.stored.manifest)
    content = change(json.loads(path.read_text()))
    keys = {"plain": "", "wrong": "guessed", "right": trial.subject.secrets.get("manifest key", "")}
    if seal in keys:
        content = sealed(content, keys[seal])
    path.write_text(json.dumps(content))


def setting(trial: Trial, name: str, value: Any, seal: str = "old") -> None:
    """One key set to another value."""
    rewrite(trial, lambda content: content | {name: value}, seal)


def cut_to_fit(trial: Trial) -> None:
    """Half of the data, with size, hash and a plain seal that say so."""
    assert trial.stored
    path = trial.path(trial.stored.data)
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    told = {"size": len(half), "sha256": hashlib.sha256(half).hexdigest()}
    rewrite(trial, lambda content: content | told, "plain")


def put_other(trial: Trial, *parts: str) -> None:
    """`data`, `manifest` of another backup of this project under this one's name."""
    assert trial.stored
    other = trial.subject.kept("other")
    names = {"data": trial.stored.data, "manifest": trial.stored.manifest}
    for part in parts:
        [given] = [
            path
            for path in other.iterdir()
            if path.is_file() and path.name.partition(".")[2] == names[part].partition(".")[2]
        ]
        shutil.copyfile(given, trial.path(names[part]))


def both_there(trial: Trial) -> None:
    """Two backups whose data were exchanged."""
    assert trial.stored
    shutil.copytree(trial.subject.kept("other"), trial.subject.backups, dirs_exist_ok=True)
    known: list[Stored] = trial.subject.found()
    [other] = [each for each in known if each.identifier != trial.stored.identifier]
    kept = trial.path(trial.stored.data).read_bytes()
    shutil.copyfile(trial.path(other.data), trial.path(trial.stored.data))
    trial.path(other.data).write_bytes(kept)


def remove(trial: Trial, part: str) -> None:
    """A file of the backup is not there any more."""
    assert trial.stored
    trial.path(getattr(trial.stored, part)).unlink()


def write(trial: Trial, text: str) -> None:
    """Something else in the manifest's place."""
    assert trial.stored
    trial.path(trial.stored.manifest).write_text(text)


def foreign_connector(trial: Trial) -> None:
    """A .metadata that names code of the writer's choice, which dbrestore imports and runs."""
    assert trial.stored
    trial.subject.project.write("shelf/planted.py", PLANTED)
    path = trial.path(f"{trial.stored.data}.metadata")
    content = {"engine": "django.db.backends.postgresql", "connector": "shelf.planted.Connector"}
    path.write_text(json.dumps(content))


PLANTED = """
from dbbackup.db.postgresql import PgDumpBinaryConnector


class Connector(PgDumpBinaryConnector):
    def _restore_dump(self, dump):
        with self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM print")
        return "", ""
"""


def faults() -> Iterator[Fault]:
    """For ours each key; what has no key (django-dbbackup's .metadata) is exchanged or removed."""
    ours = partial(Fault, family=NAME, act=Act.STORED, only=("ours",), partial=("ours",))
    for name, value in CHANGES.items():
        for seal in ("old", "plain"):
            yield ours(
                name=f"{name} changed, {seal} seal",
                inject=partial(setting, name=name, value=value, seal=seal),
            )
    for name, value in TYPES.items():
        yield ours(
            name=f"{name} of another type, rightly sealed",
            inject=partial(setting, name=name, value=value, seal="right"),
        )
    yield ours(name="another key's seal", inject=partial(rewrite, change=dict, seal="wrong"))
    yield ours(name="a plain seal", inject=partial(rewrite, change=dict, seal="plain"))
    for name, seal_text in (("no", ""), ("a null", None), ("a list for a", [1])):
        yield ours(
            name=f"{name} seal", inject=partial(setting, name="seal", value=seal_text, seal="old")
        )
    yield ours(name="cut data, told so, plain seal", inject=cut_to_fit)
    for text in ("", "{}", "[]", "null", "[" * 100_000, '{"schema": "safe_migrate.manifest/1"}'):
        yield ours(name=f"{text[:20]!r} for a manifest", inject=partial(write, text=text))
    yield from everybody()


def everybody() -> Iterator[Fault]:
    """What can be done to any tool's files."""
    fault = partial(Fault, family=NAME, act=Act.STORED)
    yield fault(name="no manifest", inject=partial(remove, part="manifest"), partial=("ours",))
    yield fault(name="no data", inject=partial(remove, part="data"), partial=("ours",))
    yield fault(name="another backup's data", inject=lambda trial: put_other(trial, "data"))
    yield fault(
        name="another backup's manifest",
        inject=lambda trial: put_other(trial, "manifest"),
        partial=("ours",),
    )
    yield fault(
        name="another backup's data and manifest",
        inject=lambda trial: put_other(trial, "data", "manifest"),
        partial=("ours",),
    )
    yield fault(name="two backups' data exchanged", inject=both_there)
    yield fault(
        name="a connector of the writer's choice",
        inject=foreign_connector,
        truth=Truth.GOOD,
        asked=("refused", "restore"),
    )
