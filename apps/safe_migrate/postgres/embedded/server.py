"""The life of an embedded server: found running or started, shared, stopped by the last user."""

import atexit
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakSet

from safe_migrate.postgres.embedded import launch
from safe_migrate.postgres.embedded.address import Address, find
from safe_migrate.postgres.embedded.error import EmbeddedError, explained
from safe_migrate.postgres.embedded.layout import Layout
from safe_migrate.postgres.embedded.lease import Lease
from safe_migrate.postgres.embedded.lockfile import close_lock, open_lock, try_exclusive
from safe_migrate.postgres.embedded.start import start
from safe_migrate.postgres.embedded.wheel import binaries

__all__ = ["Address", "Cluster", "EmbeddedError", "binaries"]


class Cluster:
    """One server below `root`, of the major version `major`, started with these settings.

    `settings` are server parameters ({"fsync": "off"}); a server that already runs keeps the
    ones it was started with. Safe to use from several threads, processes and forked children.
    """

    def __init__(self, root: Path, major: int, settings: Mapping[str, str]) -> None:
        self._layout = Layout(Path(root).resolve(), major)
        self._settings = dict(settings)
        self._lease: Lease | None = None
        self._mutex = threading.Lock()
        _clusters.add(self)

    def ensure(self) -> Address:
        """The address of the server, started where it does not run; it stays until we leave.

        Takes a fraction of a millisecond when it runs. Raises EmbeddedError when there is no
        wheel, no room, no permission, or when the server does not start.
        """
        with self._mutex, explained(self._layout.root):
            try:
                lease = self._join()
                return find(self._layout, lease) or start(self._layout, lease, self._settings)
            except BaseException:
                self._leave()
                raise

    def stop(self) -> None:
        """Leave: if no other process uses the server, it has stopped when this returns."""
        with self._mutex, explained(self._layout.root):
            self._leave()

    def _join(self) -> Lease:
        """Be a user, and see to it that there is a keeper before there is a server."""
        if self._lease is not None and not self._lease.valid:
            self._leave()
        if self._lease is None:
            self._lease = Lease(self._layout)
            atexit.register(self.stop)
        self._hire_keeper(self._lease)
        return self._lease

    def _leave(self) -> None:
        atexit.unregister(self.stop)
        if self._lease is not None:
            lease, self._lease = self._lease, None
            lease.leave()

    def _hire_keeper(self, lease: Lease) -> None:
        lock = open_lock(self._layout.keeper)
        try:
            if try_exclusive(lock):
                launch.hire(self._layout, lease, lock)
        finally:
            close_lock(lock)

    def _forked(self) -> None:
        """In a forked child neither the lease nor a mutex that somebody held is ours."""
        self._mutex = threading.Lock()
        self._lease = None


_clusters: WeakSet[Cluster] = WeakSet()


def _after_fork() -> None:
    for cluster in list(_clusters):
        cluster._forked()


os.register_at_fork(after_in_child=_after_fork)
