"""Where a running server can be reached."""

from dataclasses import dataclass, field
from urllib.parse import quote

from safe_migrate.postgres.embedded import keeper
from safe_migrate.postgres.embedded.layout import Layout
from safe_migrate.postgres.embedded.lease import Lease

HOST = "127.0.0.1"
SUPERUSER = "postgres"
PORT_LINE, STATUS_LINE = 3, 7


@dataclass(frozen=True)
class Address:
    """How to connect to a running server as its superuser."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)

    def url(self, database: str) -> str:
        """A postgresql:// URL, with the password in it."""
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{credentials}@{self.host}:{self.port}/{quote(database, safe='')}"


def find(layout: Layout, lease: Lease) -> Address | None:
    """The address of the server if it runs and accepts connections. Starts no process."""
    if not keeper.held(lease.server):
        return None
    found = keeper.postmaster(str(layout.data), lease.name)
    if found is None or found[1][STATUS_LINE:] not in (["ready"], ["standby"]):
        return None
    return Address(HOST, int(found[1][PORT_LINE]), SUPERUSER, layout.password.read_text())
