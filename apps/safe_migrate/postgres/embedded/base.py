"""The engine: Django's own PostgreSQL one, on a server that is started when it is needed.

"ENGINE": "safe_migrate.postgres.embedded", "NAME": "shop",
"EMBEDDED": {"ROOT": Path, "MAJOR": 18, "SETTINGS": {"fsync": "off"}}
"""

import contextlib
import time
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.backends.postgresql import base
from django.db.utils import IntegrityError, ProgrammingError
from psycopg import OperationalError, conninfo, pq

from safe_migrate.postgres.embedded.client import DatabaseClient
from safe_migrate.postgres.embedded.server import Address, Cluster

RECOVERY_PATIENCE = 30.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Opening a connection starts the server, and creates the database of the settings."""

    client_class = DatabaseClient

    def start_server(self) -> Address:
        """Start the server where it does not run; HOST, PORT, USER, PASSWORD are then set.

        Raises EmbeddedError.
        """
        embedded = self.settings_dict["EMBEDDED"]
        settings = tuple(embedded.get("SETTINGS", {}).items())
        address = _cluster(embedded["ROOT"], embedded.get("MAJOR", 18), settings).ensure()
        self.settings_dict.update(
            HOST=address.host,
            PORT=str(address.port),
            USER=address.user,
            PASSWORD=address.password,
        )
        return address

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, with the running server's address in them."""
        self.start_server()
        return super().get_connection_params()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Django's; tried again where it failed for want of something that we can provide."""
        try:
            return super().get_new_connection(conn_params)
        except OperationalError as error:
            # The code that goes with it (3D000) is not passed on by libpq; the language is ours.
            if f'database "{self.settings_dict["NAME"]}" does not exist' not in str(error):
                self._await_recovery()
            elif not self._create_database():
                raise
        return super().get_new_connection(self.get_connection_params())

    def _await_recovery(self) -> None:
        """Until connections are accepted: a server whose backend was killed starts over."""
        deadline = time.monotonic() + RECOVERY_PATIENCE
        while time.monotonic() < deadline:
            address = self.start_server()
            probe = conninfo.make_conninfo(host=address.host, port=address.port)
            if pq.PGconn.ping(probe.encode()) == pq.Ping.OK:
                break
            time.sleep(0.02)

    def _create_database(self) -> bool:
        """Create the database that the settings name; False where it is not ours to create.

        A test database is Django's to create, and one of any other name that has been dropped
        or renamed on purpose must not come back empty.
        """
        name = str(self.settings_dict["NAME"])
        configured = connections.settings.get(self.alias, {}).get("NAME")
        if name != configured or name.startswith(TEST_DATABASE_PREFIX):
            return False
        # Where another process is quicker, or we may not, the second attempt says so.
        with self._nodb_cursor() as cursor, contextlib.suppress(IntegrityError, ProgrammingError):
            cursor.execute(f"CREATE DATABASE {self.ops.quote_name(name)}")
        return True


@cache
def _cluster(root: Path, major: int, settings: tuple[tuple[str, str], ...]) -> Cluster:
    """One per process: it holds a share in the server for the rest of the process's life."""
    return Cluster(root, major, dict(settings))
