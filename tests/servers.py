"""Real servers for the tests: the shared one, and others with a life of their own."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from safe_migrate.postgres import tools
from safe_migrate.postgres.embedded import Cluster


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL that we may do anything with."""

    host: str
    port: int
    user: str
    password: str

    def url(self, database: str, *, user: str = "", password: str | None = None) -> str:
        """As DATABASE_URL takes it."""
        secret = self.password if password is None else password
        who = f"{quote(user or self.user)}:{quote(secret, safe='')}"
        return f"postgresql://{who}@{self.host}:{self.port}/{quote(database, safe='')}"

    @property
    def major(self) -> int:
        """15, 16, …"""
        with self.connect() as session:
            return session.info.server_version // 10000

    def program(self, name: str) -> str:
        """A client program of the server's own version: pg_dump, pg_restore."""
        return str(tools.find_client(None, self.major).folder / name)

    def connect(self, database: str = "postgres", **options: Any) -> psycopg.Connection:
        """An autocommit session as superuser."""
        return psycopg.connect(self.url(database), autocommit=True, **options)

    @contextmanager
    def database(self, name: str = "") -> Iterator[str]:
        """A fresh, empty database, dropped afterwards with whoever is still in it."""
        name = name or f"t_{secrets.token_hex(6)}"
        with self.connect() as session:
            session.execute(f'CREATE DATABASE "{name}"')
            try:
                yield name
            finally:
                # A swap may have left others beside it; they are named after it.
                leftovers = session.execute(
                    "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name + "__"]
                ).fetchall()
                for (leftover,) in [*leftovers, (name,)]:
                    session.execute(f'DROP DATABASE IF EXISTS "{leftover}" WITH (FORCE)')

    def query(self, database: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement in a session of its own."""
        with self.connect(database) as session:
            cursor = session.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


def shared_server(root: Path) -> Server:
    """The service container's where DATABASE_URL names one, else the test suite's embedded one."""
    if url := os.environ.get("DATABASE_URL"):
        given = conninfo_to_dict(url)
        return Server(
            str(given["host"]),
            int(given.get("port") or 5432),
            str(given["user"]),
            str(given.get("password") or ""),
        )
    return embedded(root, 18)


def embedded(root: Path, major: int) -> Server:
    """A server of the wheel below `root`, running until this process ends."""
    address = Cluster(root, major, {"fsync": "off"}).ensure()
    return Server(address.host, address.port, address.user, address.password)
