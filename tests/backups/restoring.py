"""What the tests of restores share: a database as text, what lies beside it, a backup of it."""

import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from safe_migrate.postgres import databases, marks
from safe_migrate.postgres.tools import child_environment
from tests import projects
from tests.projects import Foreign, Project
from tests.servers import Server


def as_text(server: Server, database: str) -> str:
    """All of it as pg_dump prints it, but for the token that is drawn anew for each dump."""
    parameters = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": database,
    }
    said = subprocess.run(
        [server.program("pg_dump"), "--no-password"],
        env=child_environment(parameters),
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", said.stdout, flags=re.MULTILINE)


def beside(server: Server, database: str) -> list[str]:
    """The roles of the databases that we keep beside it."""
    with server.connect() as session:
        return [known.mark.role.value for known in marks.of(session, database)]


def exists(server: Server, database: str) -> bool:
    """Whether there is a database of this name in this moment."""
    with server.connect() as session:
        return databases.exists(session, database)


def backed_up(project: Project) -> str:
    """The identifier of a new backup."""
    made = project.ok("safe_backup", "create", "--format", "json").document
    return str(made["manifest"]["id"])


def restore(identifier: str, database: str, *more: str) -> list[str]:
    """The words of a restore that is confirmed."""
    return ["safe_backup", "restore", identifier, "--noinput", "--confirm", database, *more]


@contextmanager
def named_database(server: Server, prefix: str) -> Iterator[str]:
    """A database whose name begins so, gone afterwards with all that was kept beside it."""
    name = f"{prefix} {secrets.token_hex(3)}"
    with server.connect() as session:
        databases.create_like(session, name, {})
        try:
            yield name
        finally:
            for known in marks.of(session, name):
                databases.drop(session, known.name)
            databases.drop(session, name)


@contextmanager
def role(server: Server, options: str = "") -> Iterator[str]:
    """A role that may log in with the password p; what it owns goes with it."""
    name = f"r_{secrets.token_hex(4)}"
    server.query("postgres", f"CREATE ROLE {name} LOGIN PASSWORD 'p' {options}")
    try:
        yield name
    finally:
        with server.connect() as session:
            owned = session.execute(
                "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s", [name]
            ).fetchall()
            for (database,) in owned:
                databases.drop(session, database)
            session.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def owned_project(server: Server, folder: Path, owner: str, backups: Path) -> tuple[Foreign, str]:
    """Somebody else's project in a database of this role, which goes with the role."""
    name = f"t_{secrets.token_hex(6)}"
    with server.connect() as session:
        databases.create_like(session, name, {}, owner)
    url = server.url(name, user=owner, password="p")
    return projects.foreign(folder, url, backups), name
