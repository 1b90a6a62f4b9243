"""Databases that are migrated already: made once, then copied for each test."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_django
from django.db import connections

from tests import projects
from tests.projects import Project
from tests.seeding import bookshop
from tests.seeding.bookshop import Bookshop
from tests.servers import Server


@dataclass
class Database:
    """A migrated database of one test."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """As DATABASE_URL takes it."""
        return self.server.url(self.name)

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of one statement."""
        return self.server.query(self.name, statement, *values)

    def count(self, table: str) -> int:
        """The rows of a table."""
        [(rows,)] = self.query(f'SELECT count(*) FROM "{table}"')
        return int(str(rows))

    def tables(self) -> list[str]:
        """Every table of the schema public."""
        rows = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [str(name) for (name,) in rows]

    def contents(self, *, versions: bool = False) -> dict[str, object]:
        """Table → hash of its rows; with `versions` also of which transaction wrote each."""
        what = "t.xmin::text || t.ctid::text || t::text" if versions else "t::text"
        return {
            table: self.query(
                f"SELECT md5(string_agg({what}, ';' ORDER BY t::text)) FROM {table} t"
            )
            for table in self.tables()
        }

    def data(self) -> dict[str, object]:
        """The contents of what is not the tool's own."""
        ours = ("seeding_", "safe_migrate_", "django_migrations")
        return {k: v for k, v in self.contents().items() if not k.startswith(ours)}

    def stamp(self, environment: str | None) -> None:
        """Make it another environment's, or nobody's."""
        self.query("DELETE FROM safe_migrate_stamp")
        if environment:
            self.query("INSERT INTO safe_migrate_stamp (environment) VALUES (%s)", environment)


@pytest.fixture(scope="session")
def migrated_shop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with the sample shop's tables, stamped test."""
    with server.database() as name:
        folder = tmp_path_factory.mktemp("shop")
        projects.shop(server.url(name), folder, "test").ok("safe_migrate")
        yield name


@pytest.fixture
def shop_database(server: Server, database: str, migrated_shop: str) -> Database:
    """A copy of it."""
    return migrated_copy(server, migrated_shop, database)


@pytest.fixture
def connected(
    shop_database: Database, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[Database]:
    """The same copy, with Django's connection of this very process led to it."""
    connection = connections["default"]
    before = deepcopy(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = shop_database.name
        yield shop_database
        connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(before)


@pytest.fixture
def seed_shop(shop_database: Database, tmp_path: Path) -> Project:
    """The sample shop as a test environment, migrated."""
    return projects.shop(shop_database.url, tmp_path, "test")


@pytest.fixture(scope="session")
def migrated_bookshop(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Bookshop, str]]:
    """The foreign project with its database, migrated and stamped test."""
    with server.database() as name:
        folder = tmp_path_factory.mktemp("bookshop")
        project = bookshop.write(folder / "project", server.url(name), folder / "backups")
        project.ok("makemigrations", "shelf")
        project.ok("safe_migrate")
        yield project, name


@pytest.fixture
def books_database(
    server: Server, database: str, migrated_bookshop: tuple[Bookshop, str]
) -> Database:
    """A copy of it."""
    return migrated_copy(server, migrated_bookshop[1], database)


@pytest.fixture
def books(
    books_database: Database, migrated_bookshop: tuple[Bookshop, str], tmp_path: Path
) -> Bookshop:
    """The foreign project, migrated, without seeds."""
    return bookshop.copy(migrated_bookshop[0], tmp_path / "project", books_database.url)


def migrated_copy(server: Server, template: str, name: str) -> Database:
    """The database `name`, made anew as a copy of the template."""
    server.query("postgres", f'DROP DATABASE "{name}"')
    server.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return Database(server, name)
