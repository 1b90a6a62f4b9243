"""A PostgreSQL server of the project's own, out of a wheel, there while somebody uses it.

As a database engine (`base.py`) it starts when a connection is first opened. The last process
to leave stops it; a keeper does where that process was killed.
"""

from safe_migrate.postgres.embedded.error import EmbeddedError
from safe_migrate.postgres.embedded.server import Address, Cluster
from safe_migrate.postgres.embedded.wheel import binaries

__all__ = ["Address", "Cluster", "EmbeddedError", "binaries"]
