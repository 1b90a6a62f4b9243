"""What a restore works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection

from safe_migrate.backups.manifest import Manifest
from safe_migrate.facts import Progress, Silent
from safe_migrate.policy import Environment
from safe_migrate.postgres import maintenance
from safe_migrate.postgres.tools import Client


@dataclass(kw_only=True)
class Job:
    """One restore of one backup."""

    manifest: Manifest
    connection: BaseDatabaseWrapper
    """Django's: it is only asked how to connect."""
    maintenance: Connection
    """Holds the lock on the name for as long as the restore takes."""
    client: Client
    environment: Environment
    database: str
    """The name under which the data shall be found."""
    jobs: int = 1
    ownership: bool = True
    progress: Progress = field(default_factory=Silent)
    before_swap: Callable[[], None] = lambda: None
    """Ends our own sessions in the database that is about to be exchanged."""
    warnings: list[str] = field(default_factory=list)

    def parameters(self, database: str) -> dict[str, Any]:
        """For libpq, to another database of the same server."""
        return maintenance.parameters_for(self.connection, database)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """A restore that is done."""

    database: str
    kept: str = ""
    """The name under which the database that was there is kept; empty for none."""
    finished: bool = False
    """An earlier run had done all but the swap."""
    fill_seconds: float = 0.0
    drain_seconds: float = 0.0
    swap_seconds: float = 0.0
