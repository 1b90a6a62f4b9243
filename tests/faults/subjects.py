"""The tools that faults are injected into: stock django-dbbackup, and ours by the same harness."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from psycopg import sql

from safe_migrate.postgres import tools
from tests import projects
from tests.faults import setting
from tests.faults.forks import Forks, Ran
from tests.faults.world import CONTENT, LATER, World

ROWS = 2000
ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'


@dataclass(frozen=True)
class Stored:
    """A backup in the storage, by the names of its files."""

    identifier: str
    data: str
    manifest: str
    sidecar: str = ""


@dataclass(kw_only=True)
class Subject:
    """One tool in a project of its own, on a database of its own, with secrets of its own."""

    name: str
    kind: str
    world: World
    variants: tuple[str, ...] = ("",)
    secrets: dict[str, str] = field(default_factory=dict)
    """What must be seen nowhere: what it is → the text."""
    commands: tuple[str, ...] = ("create",)
    original: dict[str, str] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)
    database: str = ""
    role: str = ""
    forks: Forks = field(init=False)
    project: projects.Foreign = field(init=False)

    @property
    def root(self) -> Path:
        return self.world.root / self.name

    @property
    def backups(self) -> Path:
        """The storage's folder."""
        return self.root / "backups"

    @property
    def temporary(self) -> Path:
        """TMPDIR of its commands."""
        return self.root / "tmp"

    def set_back(self, to: str) -> None:
        """The database as it was `original`ly, or as it is at `present`."""
        self.world.reset(self.database, f"shop_{self.name}-{to}", f"keeper_{self.name}")

    def state(self) -> dict[str, str]:
        """What the database holds now."""
        return self.world.state(self.database)

    def put(self, variant: str) -> Stored:
        """A good backup in the storage, and nothing else there."""
        self.empty()
        shutil.copytree(self.kept(variant), self.backups)
        [stored] = self.found()
        return stored

    def kept(self, variant: str) -> Path:
        """Where a good backup of this kind is kept; `other` is one of another content."""
        return self.root / "stored" / (variant or "usual")

    def empty(self) -> None:
        """Nothing in the storage."""
        if self.backups.is_symlink() or self.backups.is_file():
            self.backups.unlink()
        shutil.rmtree(self.backups, ignore_errors=True)

    def url(self, password: str | None = None) -> str:
        """Of the database, for its owner."""
        given = self.secrets["password"] if password is None else password
        server = self.world.server
        who = f"{quote(self.role)}:{quote(given, safe='')}"
        return f"postgresql://{who}@{server.host}:{server.port}/{quote(self.database)}"

    def prelude(self, variant: str) -> str:
        """What the settings of this kind of backup are."""
        return ""

    def create(self, command: str) -> list[str]:
        """The command that makes a backup."""
        raise NotImplementedError

    def verifications(self, stored: Stored, number: int) -> list[list[str]]:
        """The commands that verify one, for the `number`th fault."""
        return []

    def restore(self, stored: Stored) -> list[str]:
        """The command that restores one into the place of the database."""
        raise NotImplementedError

    def refused_restores(self, stored: Stored) -> list[list[str]]:
        """Others that people might try, which must change nothing."""
        return []

    def listed(self, prelude: str = "") -> tuple[dict[str, str | None], set[str], list[Ran]]:
        """Listed identifiers → how far verified; names that listbackups shows; what ran."""
        raise NotImplementedError

    def found(self) -> list[Stored]:
        """The backups in the storage's folder, by their files' names."""
        raise NotImplementedError

    def whole(self, path: Path) -> bool:
        """Whether a data file can be read to its end by PostgreSQL's own program."""
        raise NotImplementedError


class Ours(Subject):
    """This tool."""

    def create(self, command: str) -> list[str]:
        return ["safe_migrate"] if command == "migrate" else ["safe_backup", "create"]

    def prelude(self, variant: str) -> str:
        age = setting.AGE.format(**self.secrets_of_age)
        return {"": "", "age": age, "gzip": setting.GZIP, "parts": setting.PARTS}[variant]

    @property
    def secrets_of_age(self) -> dict[str, str]:
        """The public key, and the file with the private one."""
        keys = self.world.root / "keys" / self.name
        return {"recipient": (keys / "public").read_text(), "file": str(keys / "identity")}

    def verifications(self, stored: Stored, number: int) -> list[list[str]]:
        levels = ("stored", "readable", "readable", "restored")
        level = levels[number % len(levels)]
        return [["safe_backup", "verify", stored.identifier, "--level", level]]

    def restore(self, stored: Stored) -> list[str]:
        confirmed = ["--noinput", f"--confirm={self.database}"]
        return ["safe_backup", "restore", stored.identifier, *confirmed]

    def refused_restores(self, stored: Stored) -> list[list[str]]:
        return [["dbrestore", "--noinput", "--input-filename", stored.data]]

    def listed(self, prelude: str = "") -> tuple[dict[str, str | None], set[str], list[Ran]]:
        ran = self.forks.run("safe_backup", "list", "--format", "json", prelude=prelude)
        listed = ran.document.get("backups", [])
        # One that it calls bad is not listed as a backup.
        known = {each["id"]: each["level"] for each in listed if not each["failed"]}
        stock = self.forks.run("listbackups", prelude=prelude)
        return known, _names(stock), [ran, stock]

    def found(self) -> list[Stored]:
        paths = self.backups.glob("backup-*.dump*")
        names = sorted(path.name for path in paths if not path.is_dir())
        names = [name for name in names if not name.endswith(".metadata")]
        return [
            Stored(stem, name, f"{stem}.manifest.json", f"{stem}.verified.json")
            for name in names
            for stem in [name.partition(".")[0]]
        ]

    def whole(self, path: Path) -> bool:
        from safe_migrate.backups import codec

        form = codec.ZSTD if path.suffix == ".zst" else codec.GZIP
        try:
            with path.open("rb") as file:
                given = b"".join(codec.decompress(form, iter(lambda: file.read(1 << 16), b"")))
        except codec.Undecodable:
            return False
        return _reads(given)


class Stock(Subject):
    """django-dbbackup alone, in a project that does not know of us."""

    def create(self, command: str) -> list[str]:
        return ["dbbackup", "--noinput"]

    def restore(self, stored: Stored) -> list[str]:
        return ["dbrestore", "--noinput", "--input-filename", stored.data]

    def listed(self, prelude: str = "") -> tuple[dict[str, str | None], set[str], list[Ran]]:
        ran = self.forks.run("listbackups", prelude=prelude)
        names = _names(ran)
        return dict.fromkeys(names), names, [ran]

    def found(self) -> list[Stored]:
        paths = self.backups.iterdir() if self.backups.is_dir() else ()
        names = sorted(path.name for path in paths if path.suffix != ".metadata")
        return [Stored(name, name, f"{name}.metadata") for name in names]

    def whole(self, path: Path) -> bool:
        if path.suffix == ".psql":
            return path.read_bytes().rstrip().endswith(b"-- PostgreSQL database dump complete\n--")
        return _reads(path.read_bytes())


def _names(ran: Ran) -> set[str]:
    """The first column of listbackups."""
    return {line.split()[0] for line in ran.out.splitlines()[1:] if line.strip()}


def _reads(archive: bytes) -> bool:
    import subprocess

    program = tools.find_client(None, 18).pg_restore
    ended = subprocess.run([program, "-f", os.devnull], input=archive, capture_output=True)
    return ended.returncode == 0


@contextmanager
def opened(world: World, name: str) -> Iterator[Subject]:
    """`ours`, `binary` or `plain`: in a project with a good backup of each of its variants.

    A digit after it makes it another one of the same kind.
    """
    own = {key: f"s3cr3t-{secrets.token_hex(12)}" for key in ("password", "bucket's key")}
    kind = name.rstrip("0123456789")
    if kind == "ours":
        own |= {
            "manifest key": f"s3cr3t-{secrets.token_hex(12)}",
            "age identity": _age_key(world, name),
        }
        subject: Subject = Ours(
            name=name,
            kind=kind,
            world=world,
            variants=("", "age", "gzip", "parts"),
            secrets=own,
            commands=("create", "migrate"),
        )
    else:
        subject = Stock(name=name, kind=kind, world=world, secrets=own)
    subject.database, subject.role = f"shop_{name}", f"keeper_{name}"
    world.role(subject.role, own["password"])
    subject.temporary.mkdir(parents=True)
    with ExitStack() as stack:
        project = subject.project = _project(subject)
        subject.forks = stack.enter_context(
            Forks(project.folder, project.variables, subject.root / "said")
        )
        subject.forks.before = partial(_now, world)
        _fill(subject)
        yield subject


def _now(world: World) -> str:
    """A server that was killed comes back on another port."""
    return setting.DATABASE.format(changes={"PORT": str(world.server.port)})


def _age_key(world: World, name: str) -> str:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    keys = world.root / "keys" / name
    keys.mkdir(mode=0o700, parents=True)
    (keys / "identity").write_text(str(identity))
    (keys / "public").write_text(str(identity.to_public()))
    return str(identity)


def _project(subject: Subject) -> projects.Foreign:
    url = "postgresql://u:p@h/d"  # our own settings.py is written below
    project = projects.foreign(subject.root / "project", url, subject.backups)
    project.write("settings.py", setting.SETTINGS)
    server = subject.world.server
    project.variables = {
        "KIND": subject.kind,
        "NAME": subject.database,
        "ROLE": subject.role,
        "PASSWORD": subject.secrets["password"],
        "HOST": server.host,
        "PORT": str(server.port),
        "BACKUPS": str(subject.backups),
        "KEY": subject.secrets.get("manifest key", ""),
        "TMPDIR": str(subject.temporary),
    }
    if subject.kind != "ours":
        # Stock dbbackup takes whatever pg_dump is first in PATH.
        binaries = tools.find_client(None, 18).folder
        project.variables["PATH"] = f"{binaries}:{os.environ['PATH']}"
    return project


def _fill(subject: Subject) -> None:
    """The original database, a good backup of it in every variant, and what has happened since."""
    world, database, role = subject.world, subject.database, subject.role
    with world.server.connect() as own:
        own.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(role)
            )
        )
    migrate = "safe_migrate" if subject.kind == "ours" else "migrate"
    _ok(subject.forks.run(migrate, *(["--backup", "never"] if migrate != "migrate" else [])))
    with world.server.connect(database) as own:
        own.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        own.execute(CONTENT.format(rows=ROWS).encode())
    world.keep(database, f"{database}-original", role)
    subject.original = subject.state()
    # From now on a migration is pending.
    project = projects.Foreign(subject.root / "project")
    project.migration("0002_price", "0001_initial", ADD_PRICE)
    for variant in subject.variants:
        _keep_backup(subject, variant, subject.prelude(variant))
    with world.server.connect(database) as own:
        own.execute(b"UPDATE author SET name = 'another' WHERE id = 1")
        _keep_backup(subject, "other", "")
        own.execute(LATER.encode())
    world.keep(database, f"{database}-present", role)
    subject.present = subject.state()


def _keep_backup(subject: Subject, variant: str, prelude: str) -> None:
    subject.empty()
    _ok(subject.forks.run(*subject.create("create"), prelude=prelude))
    [made] = subject.found()
    if (subject.kept("") / made.data).exists():
        # Tools that count seconds give two backups of one second the same name.
        _keep_backup(subject, variant, prelude)
    else:
        shutil.copytree(subject.backups, subject.kept(variant))


def _ok(ran: Ran) -> None:
    assert ran.code == 0, ran
