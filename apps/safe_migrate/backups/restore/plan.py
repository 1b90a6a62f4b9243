"""May this backup be restored here, and what would be lost? Decided from plain values."""

import shlex
from dataclasses import dataclass
from datetime import datetime

from safe_migrate.backups.manifest import DUMP, Manifest, moment_of
from safe_migrate.errors import Refused, SafeMigrateError

COMMAND = "python manage.py safe_backup"
BYTES_PER_SECOND = 30e6
"""Of a database's size: what restoring with two sessions was measured to do on two cores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The database that the settings name, and its server."""

    environment: str
    database: str
    system_identifier: str
    server_major: int
    exists: bool
    size: int = 0
    """Bytes on disk now."""
    lsn: str = ""
    """Where its write-ahead log ends now."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the operator has named as meant."""

    environment: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What our role may do to the database."""

    user: str
    may_create: bool
    owner: str
    owns: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """What a restore would lose, and how long it may take."""

    age_seconds: int
    wal_bytes: int | None
    """Written to the server's log since the backup; None where the log is another server's."""
    size: int
    """Bytes of the database now."""
    estimate_seconds: int


def origin_of(system_identifier: str, database: str) -> str:
    """Which database of which server: a server's identifier is made once, by initdb."""
    return f"{system_identifier or 'unknown'}/{database}"


def refusal(manifest: Manifest, target: Target, accepted: Accepted) -> Refused | None:
    """Why the backup may not be restored here; None where it may.

    Another environment's, another database's and a newer server's are refused; the first two until
    they are named.
    """
    again = f"{COMMAND} restore {manifest.id}"
    if manifest.kind != DUMP:
        return Refused(
            "SM-B401",
            f"{manifest.id} is a {manifest.kind}: it holds no data that could be restored here.",
            next=(f"Follow the recipe in {manifest.data}.", f"{COMMAND} list"),
        )
    if manifest.environment not in (target.environment, accepted.environment):
        return Refused(
            "SM-B402",
            f"{manifest.id} is a backup of {manifest.environment}, and these settings are for "
            f"{target.environment}.",
            next=(f"{again} --from-environment {manifest.environment}", f"{COMMAND} list"),
        )
    here = origin_of(target.system_identifier, target.database)
    origin = origin_of(manifest.system_identifier, manifest.database)
    same = origin == here and manifest.system_identifier != ""
    if not same and origin != accepted.origin:
        return Refused(
            "SM-B403",
            f"{manifest.id} was made of {origin!r} (server and database), and this is {here!r}.",
            next=(f"{again}{_and(accepted)} --origin {shlex.quote(origin)}", f"{COMMAND} list"),
        )
    if manifest.server_major > target.server_major:
        return Refused(
            "SM-B404",
            f"{manifest.id} was dumped from PostgreSQL {manifest.server_major}, and this server is "
            f"of version {target.server_major}: an older server may not understand it.",
            next=(
                f"Set DATABASE_URL to a server of version {manifest.server_major} or newer.",
                f"{COMMAND} export {manifest.id} --output {manifest.id}.sql",
            ),
        )
    return None


def _and(accepted: Accepted) -> str:
    """What has been accepted already, so that the command to repeat is whole."""
    return f" --from-environment {accepted.environment}" if accepted.environment else ""


def rights_refusal(identifier: str, database: str, rights: Rights) -> Refused | None:
    """Why our role may not swap the database; None where it may."""
    lacking = [] if rights.may_create else ["may not create databases"]
    if rights.owner and not rights.owns:
        lacking.append(f"does not own {database!r}, which belongs to {rights.owner!r}")
    if not lacking:
        return None
    remedy = [] if rights.may_create else [f'ALTER ROLE "{rights.user}" CREATEDB;']
    if rights.owner and not rights.owns:
        remedy.append(f'GRANT "{rights.owner}" TO "{rights.user}";')
    return Refused(
        "SM-B405",
        f"User {rights.user!r} {' and '.join(lacking)}: a new database cannot be put in its place.",
        next=(*remedy, f"{COMMAND} restore {identifier} --in-place"),
    )


def attached_refusal(database: str, attached: list[str]) -> Refused | None:
    """Why the database cannot be exchanged while these hang on it; None for none."""
    if not attached:
        return None
    return Refused(
        "SM-B406",
        f"{database!r} cannot be exchanged while these hang on it: {'; '.join(attached)}.",
        next=(
            "End or drop them (COMMIT PREPARED, pg_drop_replication_slot, DROP SUBSCRIPTION).",
            "Then run the same command again.",
        ),
    )


def loss(manifest: Manifest, target: Target, now: datetime) -> Loss:
    """What was written since the backup, as far as it can be told."""
    same = bool(target.lsn) and manifest.system_identifier == target.system_identifier != ""
    size = max(target.size, manifest.total_size)
    return Loss(
        age_seconds=max(0, round((now - moment_of(manifest.id)).total_seconds())),
        wal_bytes=max(0, position(target.lsn) - position(manifest.lsn)) if same else None,
        size=target.size,
        estimate_seconds=max(1, round(size / BYTES_PER_SECOND)),
    )


def position(lsn: str) -> int:
    """A log position `16/B374D848` as a number of bytes. (PostgreSQL manual, 8.20 pg_lsn.)"""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def too_many_locks(objects: int, capacity: int) -> SafeMigrateError | None:
    """One transaction locks every object that it drops or makes, in a table of fixed size."""
    if objects <= capacity:
        return None
    return Refused(
        "SM-B411",
        f"Restoring in place would lock up to {objects:,} objects in one transaction; this "
        f"server's lock table holds {capacity:,}.",
        next=(
            "Raise max_locks_per_transaction and restart the server.",
            "Or use a role with CREATEDB, without --in-place.",
        ),
    )
