"""Databases, roles and schemas whose names a careless program breaks on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from psycopg import sql

from tests.faults import setting
from tests.faults.fault import Act, Fault, Truth
from tests.faults.runner import Trial

NAME = "names"
NAMES = (
    "my shop",
    " shop ",
    "-shop",
    "--help",
    "shop's",
    'the "shop"',
    "a=b host=elsewhere",
    "postgresql://elsewhere/shop",
    "100%shop",
    "$(shop)",
    "shop;x",
    "sh\\op",
    "l\N{LATIN SMALL LETTER A WITH DIAERESIS}den \N{SNOWMAN}",
    "SHOP",
    "line\nbreak",
)


@contextmanager
def database(trial: Trial, name: str) -> Iterator[None]:
    """The database has this name."""
    subject = trial.subject
    name += subject.name  # the subjects share the server
    usual = subject.database
    subject.database = name
    subject.set_back("original")
    before = subject.forks.before
    change = setting.DATABASE.format(changes={"NAME": name})
    subject.forks.before = lambda: before() + change
    trial.original = subject.state()
    try:
        yield
    finally:
        subject.forks.before = before
        subject.world.drop(name)
        subject.database = usual


@contextmanager
def role(trial: Trial, name: str) -> Iterator[None]:
    """The role that connects has this name, and the password as well has all such characters."""
    subject = trial.subject
    name += subject.name
    password = subject.secrets["password"] + " '\"\\%$"
    subject.world.role(name, password)
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(subject.role), sql.Identifier(name))
    with subject.world.server.connect() as own:
        own.execute(grant)
    before = subject.forks.before
    change = setting.DATABASE.format(changes={"USER": name, "PASSWORD": password})
    subject.forks.before = lambda: before() + change
    try:
        yield
    finally:
        subject.forks.before = before
        with subject.world.server.connect() as own:
            own.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            own.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@contextmanager
def schema(trial: Trial, name: str) -> Iterator[None]:
    """A schema, a table, a column, a sequence and a constraint of this name."""
    subject = trial.subject
    statements = (
        "CREATE SCHEMA {0}",
        "CREATE TABLE {0}.{0} ({0} int CONSTRAINT {0} CHECK ({0} > 0), b serial)",
        "INSERT INTO {0}.{0} ({0}) VALUES (1), (2)",
        "CREATE VIEW {0}.w AS SELECT {0} FROM {0}.{0}",
    )
    with subject.world.server.connect(subject.database) as own:
        own.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(subject.role)))
        for statement in statements:
            own.execute(sql.SQL(statement).format(sql.Identifier(name)))
    trial.original = subject.state()
    yield


def faults() -> Iterator[Fault]:
    """Each as a database, as a role, and as a schema."""
    for name in NAMES:
        for what, inject in (("database", database), ("role", role), ("schema", schema)):
            yield Fault(
                family=NAME,
                name=f"{what} {name!r}",
                act=Act.MAKING,
                inject=partial(inject, name=name),
                truth=Truth.GOOD,
            )
