"""A server that does not let us in, or not at everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from psycopg import sql

from tests.faults import setting
from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial

NAME = "credentials"


def given(trial: Trial, **changes: str) -> None:
    """Other settings of the database; a wrong password is nearly the right one."""
    secret = trial.subject.secrets["password"]
    changes = {name: value.format(secret=secret) for name, value in changes.items()}
    trial.preludes.append(setting.DATABASE.format(changes=changes))


@contextmanager
def unreadable(trial: Trial, what: str) -> Iterator[None]:
    """One table that the role may not read any more."""
    subject = trial.subject
    with subject.world.server.connect(subject.database) as own:
        own.execute(f"CREATE TABLE locked_away ({what})".encode())
        own.execute(b"INSERT INTO locked_away VALUES (1)")
    trial.original = subject.state()

    def lift() -> None:
        subject.set_back("original")
        trial.original = subject.original

    trial.lift = lift
    yield


@contextmanager
def no_login(trial: Trial) -> Iterator[None]:
    """The role was disabled."""
    subject = trial.subject
    change = sql.SQL("ALTER ROLE {} {}")

    def set_to(word: str) -> None:
        with subject.world.server.connect() as own:
            own.execute(change.format(sql.Identifier(subject.role), sql.SQL(word)))  # type: ignore[arg-type]

    set_to("NOLOGIN")
    trial.lift = lambda: set_to("LOGIN")
    yield


WRONG = {
    "wrong password": {"PASSWORD": "{secret}-mistyped"},
    "empty password": {"PASSWORD": ""},
    "unknown role": {"USER": "nobody-here"},
    "unknown database": {"NAME": "no such database"},
    "unknown host": {"HOST": "host.invalid"},
    "nobody listens": {"PORT": "1"},
}


def faults() -> Iterator[Fault]:
    """For a backup, a migration and a restore."""
    for name, changes in WRONG.items():
        inject = partial(given, **changes)
        for command in ("create", "migrate"):
            yield Fault(
                family=NAME,
                name=f"{name}, {command}",
                act=Act.MAKING,
                inject=inject,
                command=command,
            )
        yield Fault(family=NAME, name=f"{name}, restore", act=Act.RESTORING, inject=inject)
    yield Fault(
        family=NAME,
        name="a table that may not be read",
        act=Act.MAKING,
        inject=partial(unreadable, what="id int"),
    )
    yield Fault(family=NAME, name="a role that may not log in", act=Act.MAKING, inject=no_login)
