"""One dump under way: pg_dump and what the manifest says of it, from one exported snapshot."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from safe_migrate.backups import dump
from safe_migrate.backups.dump import Dump
from safe_migrate.backups.hashed import Hashed
from safe_migrate.errors import BackupFailed
from safe_migrate.policy import Policy
from safe_migrate.postgres import catalog, session, snapshot, tools
from safe_migrate.postgres.snapshot import Contents


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to be dumped, and how."""

    parameters: Mapping[str, Any] = field(repr=False)
    policy: Policy
    pg_bin: Path | None
    codec: str
    recipients: tuple[str, ...]
    read_back: bool
    options: list[str]
    fingerprints: bool
    identifier: str
    folder: Path | None
    """Where pg_dump writes in its directory format; None for one stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dumped:
    """What was made."""

    order: Order
    client: tools.Client
    server_version: str
    server_major: int
    snapshot: str
    contents: Contents
    size: int
    """Bytes as stored."""
    sha256: str
    """Of the bytes as stored."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A snapshot that is held open while a dump is made from it."""

    own: psycopg.Connection
    client: tools.Client
    snapshot: str
    contents: "Future[Contents]"


class Making:
    """The bytes to store, once; when they have ended, `dumped` says what they are.

    Raises BackupFailed as they come: the server cannot be reached (SM-B201) or ended it (SM-B209),
    a table is locked (SM-B210), and what dump.stream raises; Refused where there is no pg_dump.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.dumped: Dumped | None = None
        self.passed = 0
        """Bytes until now."""

    def __iter__(self) -> Iterator[bytes]:
        with opened(self.order) as source:
            hashed = Hashed(dump.stream(self._job(source)))
            for chunk in hashed:
                yield chunk
                self.passed = hashed.size
            self.dumped = describe(self.order, source, hashed.size, hashed.sha256)

    def _job(self, source: Opened) -> Dump:
        order = self.order
        return Dump(
            client=source.client,
            parameters=order.parameters,
            snapshot=source.snapshot,
            codec=order.codec,
            recipients=order.recipients,
            read_back=order.read_back,
            lock_wait_seconds=order.policy.backup_lock_wait_seconds,
            timeout_seconds=order.policy.backup_timeout_seconds,
            identifier=order.identifier,
            folder=order.folder,
            jobs=int(order.policy.backup_jobs),
            options=order.options,
        )


def describe(order: Order, source: Opened, size: int, sha256: str) -> Dumped:
    """What was made from a snapshot; waits until its rows are counted."""
    info = source.own.info
    return Dumped(
        order=order,
        client=source.client,
        server_version=info.parameter_status("server_version") or "",
        server_major=info.server_version // 10000,
        snapshot=source.snapshot,
        contents=source.contents.result(),
        size=size,
        sha256=sha256,
    )


@contextmanager
def opened(order: Order) -> Iterator[Opened]:
    """A snapshot whose contents are read while its user dumps from it."""
    with _connected(order) as own, ThreadPoolExecutor(1, "contents") as thread:
        client = tools.find_client(order.pg_bin, own.info.server_version // 10000)
        with snapshot.exported(own) as name:
            contents = thread.submit(snapshot.contents, own, fingerprints=order.fingerprints)
            try:
                yield Opened(own, client, name, contents)
            except BackupFailed as error:
                # Where the counting failed the snapshot ended, and pg_dump only says so.
                if contents.done() and (cause := contents.exception()):
                    raise cause from error
                raise
            finally:
                # The session is ours again only when the counting has ended.
                if not contents.done():
                    own.cancel_safe()
                contents.exception()


@contextmanager
def _connected(order: Order) -> Iterator[psycopg.Connection]:
    """The session that exports the snapshot."""
    try:
        own = session.connect(order.parameters, "backup")
    except psycopg.OperationalError as error:
        raise BackupFailed(
            "SM-B201",
            f"The backup could not connect: {str(error).strip()}",
            next=("Check BACKUP_DATABASE_URL or DATABASE_URL.", "python manage.py safe_doctor"),
        ) from error
    try:
        with own:
            # Counting rows waits for table locks as pg_dump does, and as long.
            wait_ms = int(order.policy.backup_lock_wait_seconds * 1000)
            own.execute(f"SET lock_timeout = {wait_ms}")
            yield own
    except psycopg.errors.LockNotAvailable as error:
        raise _locked(order) from error
    except psycopg.errors.InsufficientPrivilege as error:
        user = order.parameters.get("user") or "the backup's role"
        raise BackupFailed(
            "SM-B212",
            f"{user!r} may not read everything: {error.diag.message_primary}.",
            next=(f'GRANT pg_read_all_data TO "{user}";', "python manage.py safe_doctor"),
        ) from error
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()
        raise BackupFailed(
            "SM-B209",
            f"The server ended the backup: {reason[0] if reason else type(error).__name__}",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        ) from error
    except BackupFailed as error:
        # pg_dump waits for locks under a statement_timeout. Its words are not translated: LC_ALL=C.
        if error.code == "SM-B202" and "due to statement timeout" in error.what:
            raise _locked(order) from error
        raise


def _locked(order: Order) -> BackupFailed:
    with session.connect(order.parameters, "backup") as own:
        holders = catalog.exclusive_holders(own)
    named = "; ".join(map(str, holders)) or "a session that has left"
    return BackupFailed(
        "SM-B210",
        f"A table could not be read within {order.policy.backup_lock_wait_seconds:.0f} s: it is "
        f"locked by {named}.",
        next=(
            "python manage.py safe_migrate  (when that transaction has ended)",
            *(f"SELECT pg_terminate_backend({holder.pid});" for holder in holders),
        ),
    )
