"""How old the newest backup is that we could go back to."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from safe_migrate.backups import retention, store
from safe_migrate.backups.manifest import moment_of
from safe_migrate.conf import Conf
from safe_migrate.errors import BackupFailed

HOUR = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """The newest verified backup."""

    id: str
    level: str
    size: int
    """Bytes as stored."""
    age_seconds: float


def database_of(settings: Conf, alias: str) -> str:
    """The name that an alias's database has in manifests, by the settings; asks no server.

    DATABASES may name a pooler's entry, so a URL that reaches the database itself goes before it.
    """
    for urls in (settings.backup_urls, settings.migration_urls):
        if url := urls.get(alias):
            return str(conninfo_to_dict(url).get("dbname") or "")
    return str(connections[alias].settings_dict.get("NAME") or "")


def newest(environment: str, database: str | None = None) -> Verified | None:
    """The newest verified backup, of this database where one is named. Needs the storage alone.

    One dated in the future does not count: it says nothing of its age. Raises what the storage
    raises.
    """
    now = datetime.now(UTC)
    for manifest in store.backups(environment):
        if database not in (None, manifest.database) or retention.in_future(manifest.id, now):
            continue
        if level := store.verified(manifest).get("level"):
            age = max(0.0, (now - moment_of(manifest.id)).total_seconds())
            return Verified(id=manifest.id, level=level, size=manifest.total_size, age_seconds=age)
    return None


def problem(found: Verified | None, whose: str, max_age_seconds: float) -> BackupFailed | None:
    """SM-B502 where there is no verified backup of `whose` that young, else None."""
    if found is None:
        return too_old(f"There is no verified backup of {whose}.")
    if found.age_seconds > max_age_seconds:
        return too_old(
            f"The newest verified backup of {whose}, {found.id}, is "
            f"{found.age_seconds / HOUR:.1f} h old; it may be {max_age_seconds / HOUR:.1f} h."
        )
    return None


def too_old(what: str) -> BackupFailed:
    """The failure, not raised: it is shown beside what else was found."""
    return BackupFailed(
        "SM-B502",
        what,
        next=("python manage.py safe_backup create", "python manage.py safe_backup list"),
        state="The database was not touched.",
        lost="Nothing was lost. Whatever no backup holds would be, with the database.",
    )
