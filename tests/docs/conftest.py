"""A database of the shop with everything applied, made once and copied: migrating takes seconds."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import projects
from tests.docs import stories
from tests.docs.stories import Story
from tests.servers import Server


@pytest.fixture(scope="session")
def template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `applied` copies; stamped staging."""
    with server.database() as name:
        backups = tmp_path_factory.mktemp("backups")
        projects.shop(server.url(name), backups).ok("safe_migrate", "--backup", "never")
        yield name


@pytest.fixture
def applied(server: Server, template: str) -> Iterator[str]:
    """The name of a database of our own with everything applied, stamped staging."""
    name = f"t_{secrets.token_hex(6)}"
    server.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield name
    # The ways back and the renames of the strategy leave others of the same beginning.
    like = name.replace("_", "\\_") + "%"
    for (found,) in server.query(
        "postgres", "SELECT datname FROM pg_database WHERE datname LIKE %s", like
    ):
        server.query("postgres", f'DROP DATABASE "{found}" WITH (FORCE)')


@pytest.fixture
def story(server: Server, applied: str, tmp_path: Path) -> Story:
    """A copy of the checkout and a database with everything applied."""
    return stories.begin(server, applied, tmp_path)
