"""The proof that a backup restores: into a scratch database, compared there, dropped again."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import conninfo_to_dict

from safe_migrate import conf
from safe_migrate.backups import compare, fill
from safe_migrate.backups.manifest import Manifest
from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import databases, locks, maintenance, session, standing, tools
from safe_migrate.postgres.embedded import Cluster, EmbeddedError

PREFIX = "safe_migrate_scratch_"
NAMED_AT_MOST = 5


def prove(
    manifest: Manifest,
    client: tools.Client,
    *,
    connection: BaseDatabaseWrapper,
    url: str | None,
    fingerprint: bool,
) -> None:
    """Restore into a scratch database and compare schema, row counts and, asked for, fingerprints.

    The database is made on the server that `url` names, else on SCRATCH_DATABASE_URL's, else on the
    database's own where we may create one, else on an embedded server of the same major version.
    Raises BackupFailed: no such place (SM-B310), the server's refusal (SM-B311), a difference
    (SM-B312), and what fill raises.
    """
    try:
        with (
            _server(manifest, connection, url) as parameters,
            _database(manifest, parameters) as name,
        ):
            target = {**parameters, "dbname": name}
            jobs = int(conf.read().policy.restore_jobs)
            fill.fill(manifest, target, client, jobs=jobs, ownership=False)
            with session.connect(target, "verify") as own:
                found = compare.differences(manifest, own, fingerprint=fingerprint, ownership=False)
    except psycopg.Error as error:
        raise BackupFailed(
            "SM-B311",
            f"{manifest.id} could not be restored for verification: {str(error).strip()}",
            next=("python manage.py safe_doctor", "Or name another server: --scratch-url URL"),
        ) from error
    if found:
        shown = "; ".join(found[:NAMED_AT_MOST])
        more = f"; and {len(found) - NAMED_AT_MOST} more" if len(found) > NAMED_AT_MOST else ""
        raise BackupFailed(
            "SM-B312",
            f"What {manifest.id} restores to is not what was backed up: {shown}{more}.",
            next=("python manage.py safe_backup create", "python manage.py safe_backup list"),
        )


@contextmanager
def _server(
    manifest: Manifest, connection: BaseDatabaseWrapper, url: str | None
) -> Iterator[Mapping[str, Any]]:
    """libpq's parameters of a database to work from, on the server to restore on."""
    url = url or conf.read().scratch_urls.get(connection.alias)
    if url:
        yield {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
        return
    with suppress(psycopg.OperationalError), maintenance.open_session(connection, "verify") as own:
        same = own.info.server_version // 10000 >= manifest.server_major
        here = maintenance.parameters_for(connection, own.info.dbname)
        if same and standing.look(own, own.info.dbname).may_create:
            own.close()
            yield here
            return
    with _embedded(manifest) as parameters:
        yield parameters


@contextmanager
def _embedded(manifest: Manifest) -> Iterator[Mapping[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="safe_migrate-") as folder:
        cluster = Cluster(Path(folder), manifest.server_major, {"fsync": "off"})
        try:
            address = cluster.ensure()
        except EmbeddedError as error:
            raise BackupFailed(
                "SM-B310",
                f"There is no server to restore {manifest.id} on: this role may not create "
                f"databases, and the embedded one does not start ({error.what})",
                next=(
                    "ALTER ROLE … CREATEDB;",
                    "python manage.py safe_backup verify --latest --scratch-url URL",
                ),
            ) from error
        try:
            yield {
                "host": address.host,
                "port": address.port,
                "user": address.user,
                "password": address.password,
                "dbname": "postgres",
            }
        finally:
            cluster.stop()


@contextmanager
def _database(manifest: Manifest, parameters: Mapping[str, Any]) -> Iterator[str]:
    """A new database, whose name is locked for as long as it is wanted."""
    name = f"{PREFIX}{secrets.token_hex(6)}"
    with session.connect(parameters, "verify") as own:
        _drop_abandoned(own)
        locks.obtain(own, 0, key=locks.key_of(name))
        _create(own, name, manifest)
        try:
            yield name
        finally:
            databases.drop(own, name)


def _create(own: psycopg.Connection, name: str, manifest: Manifest) -> None:
    try:
        databases.create_like(own, name, manifest.database_create)
    except psycopg.errors.Error:
        # Another machine may not know the locale; no row and no definition depends on it.
        encoding = {"encoding": manifest.database_create.get("encoding", "")}
        databases.create_like(own, name, {**encoding, "collate": "C", "ctype": "C"})


def _drop_abandoned(own: psycopg.Connection) -> None:
    """Those of a verification that was killed: nobody is in them or holds their lock."""
    rows = own.execute(
        """
        SELECT datname FROM pg_database d WHERE starts_with(datname, %s)
          AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
        """,
        [PREFIX],
    ).fetchall()
    for (name,) in rows:
        if locks.obtain(own, 0, key=locks.key_of(name)) is None:
            databases.drop(own, name)
