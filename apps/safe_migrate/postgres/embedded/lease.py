"""This process's share in the server: while anybody holds one, nobody stops the server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from safe_migrate.postgres.embedded import keeper
from safe_migrate.postgres.embedded.layout import Layout
from safe_migrate.postgres.embedded.lockfile import close_lock, open_lock, try_exclusive

KEEPER_LEAVES = 1.0


@contextmanager
def turn(layout: Layout) -> Iterator[None]:
    """One process at a time starts the server or leaves it.

    What is half started would look to another one like a leftover; and of two who leave at once
    neither would find itself the last.
    """
    lock = open_lock(layout.turn)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        close_lock(lock)


class Lease:
    """Taken on construction, which waits while somebody is stopping the server."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._users = open_lock(layout.users)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self._keeper = open_lock(layout.keeper)
        self.server = open_lock(layout.server)
        file = os.fstat(self._users)
        # The server's cluster_name, by which its processes are told from all others: unlike a
        # name made from the path it is new when the folder was deleted and made again.
        self.name = f"embedded-{file.st_dev:x}-{file.st_ino:x}"

    @property
    def valid(self) -> bool:
        """Whether the folder is still the same: somebody may have deleted it meanwhile."""
        try:
            return os.path.samestat(self._layout.users.stat(), os.fstat(self._users))
        except FileNotFoundError:
            return False

    def leave(self) -> None:
        """Leave; the last one to do so has stopped the server when this returns."""
        with turn(self._layout) if self.valid else nullcontext():
            if try_exclusive(self._users):
                keeper.stop(self.server, str(self._layout.data), self.name)
                fcntl.flock(self._users, fcntl.LOCK_UN)
                # See the keeper off too, so that nothing is left when we have ended.
                keeper.freed(self._keeper, KEEPER_LEAVES)
                keeper.freed(self._users, KEEPER_LEAVES)
            else:
                # Others stay, or the keeper was quicker and is stopping the server now. A
                # shared lock is granted at once in the first case, after it in the second.
                fcntl.flock(self._users, fcntl.LOCK_SH)
        for lock in (self._users, self._keeper, self.server):
            close_lock(lock)
