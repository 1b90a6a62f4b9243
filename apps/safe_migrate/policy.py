"""What each environment requires and allows: a frozen value, whose defaults stand here."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Environment(StrEnum):
    """The four environments; the name is also stamped in the database."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class Level(StrEnum):
    """How far a backup was verified, weakest first."""

    STORED = "stored"
    """The stored bytes were re-read and hash to what was dumped."""
    READABLE = "readable"
    """The archive was read to its end by pg_restore."""
    RESTORED = "restored"
    """It was restored into a scratch database and compared with its manifest."""


class BackupKind(StrEnum):
    """What a run goes back to."""

    DUMP = "dump"
    """A copy of the database, made by pg_dump."""
    RESTORE_POINT = "restore-point"
    """A named place in the write-ahead log, for databases too large to dump before each run."""


class Edited(StrEnum):
    """What to do about an applied migration whose file has changed since."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules of one environment. Times say their unit in their name."""

    environment: Environment
    backup_required: bool
    """No migration is applied without a backup verified to BACKUP_LEVEL."""
    backup_never_allowed: bool
    """`--backup never` is accepted."""
    backup_kind: BackupKind
    """What a run's backup is: dump, or restore-point for large databases with a WAL archive."""
    backup_level: Level
    """How far a run's backup is verified first: stored, readable or restored."""
    backup_jobs: int
    """How many tables pg_dump dumps at once; above 1 a backup is a folder."""
    backup_fingerprint: bool
    """A backup's manifest holds a fingerprint of the rows of each table."""
    restore_jobs: int
    """How many sessions a restore loads with."""
    seeding_allowed: bool
    """`seed` may write sample data, where the environment also has a profile."""
    reset_allowed: bool
    """`safe_reset` may drop the database."""
    stamps_existing_data: bool
    """A database that holds data and has no stamp may be stamped by a run."""
    edited_migrations: Edited
    """What to do about an applied migration whose file has changed since: refuse or warn."""
    budget_ms: int
    """The longest an application query may be held up by us, in milliseconds."""
    lock_retry_seconds: float
    """How long one migration is tried again while its table locks are not obtained."""
    lock_wait_seconds: float
    """How long to wait for another run to end, unless `--wait` says."""
    long_transaction_seconds: float
    """A transaction older than this is named before the run."""
    backup_lock_wait_seconds: float
    """How long pg_dump waits for its table locks before the backup fails."""
    backup_timeout_seconds: float
    """How long one backup may take in all."""
    backup_archive_wait_seconds: float
    """How long a restore point may take to reach the WAL archive before the backup fails."""
    base_backup_max_age_hours: float
    """A restore point counts with a base backup that is no older than this."""
    backup_max_age_hours: float
    """A newest verified backup older than this is too old for `check --deploy`; 0: never."""
    keep_hourly: float
    """`safe_backup prune` keeps the newest verified backup of each of so many hours."""
    keep_daily: float
    """The same of each of so many days."""
    keep_weekly: float
    """The same of each of so many weeks."""
    keep_monthly: float
    """The same of each of so many months."""
    keep_yearly: float
    """The same of each of so many years."""
    keep_minimum: float
    """So many of the newest verified backups stay whatever their age; never less than one."""


_CAREFUL = Policy(
    environment=Environment.PRODUCTION,
    backup_required=True,
    backup_never_allowed=False,
    backup_kind=BackupKind.DUMP,
    backup_level=Level.READABLE,
    backup_jobs=1,
    backup_fingerprint=False,
    restore_jobs=2,
    seeding_allowed=False,
    reset_allowed=False,
    stamps_existing_data=True,
    edited_migrations=Edited.REFUSE,
    budget_ms=50,
    lock_retry_seconds=120,
    lock_wait_seconds=60,
    long_transaction_seconds=60,
    backup_lock_wait_seconds=30,
    backup_timeout_seconds=6 * 3600,
    backup_archive_wait_seconds=60,
    base_backup_max_age_hours=26,
    backup_max_age_hours=26,
    keep_hourly=24,
    keep_daily=14,
    keep_weekly=8,
    keep_monthly=12,
    keep_yearly=3,
    keep_minimum=3,
)
_LOCAL = replace(
    _CAREFUL,
    environment=Environment.DEVELOPMENT,
    backup_required=False,
    backup_never_allowed=True,
    seeding_allowed=True,
    reset_allowed=True,
    stamps_existing_data=False,
    edited_migrations=Edited.WARN,
    lock_retry_seconds=10,
    lock_wait_seconds=10,
    backup_max_age_hours=0,
    keep_hourly=0,
    keep_daily=3,
    keep_weekly=0,
    keep_monthly=0,
    keep_yearly=0,
    keep_minimum=2,
)
DEFAULTS = MappingProxyType(
    {
        Environment.DEVELOPMENT: _LOCAL,
        Environment.TEST: replace(_LOCAL, environment=Environment.TEST),
        Environment.STAGING: replace(
            _CAREFUL,
            environment=Environment.STAGING,
            backup_never_allowed=True,
            seeding_allowed=True,
            keep_hourly=0,
            keep_daily=7,
            keep_weekly=4,
            keep_monthly=2,
            keep_yearly=0,
        ),
        Environment.PRODUCTION: _CAREFUL,
    }
)

# What no project may loosen for production: the promise itself.
_FIXED_IN_PRODUCTION = (
    "backup_never_allowed",
    "backup_required",
    "reset_allowed",
    "seeding_allowed",
)


def policy_for(environment: Environment, differences: dict[str, Any]) -> Policy:
    """The environment's default policy with a project's differences (lower-case field names).

    Raises TypeError for a value of another type, ValueError for what is fixed in production.
    Unknown names are the caller's to refuse (conf.py), since it knows the setting's spelling.
    """
    default = DEFAULTS[environment]
    changed = {}
    for name, value in differences.items():
        changed[name] = _typed(name, value, getattr(default, name))
        fixed = environment is Environment.PRODUCTION and name in _FIXED_IN_PRODUCTION
        if fixed and changed[name] != getattr(default, name):
            raise ValueError(f"{name.upper()} is fixed in production")
    return replace(default, **changed)


def policy_names() -> list[str]:
    """The names that a project may set, without the environment's own."""
    return [field.name for field in fields(Policy) if field.name != "environment"]


def _typed(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, StrEnum):
        kind = type(default)
        if value not in list(kind):
            raise TypeError(f"{name.upper()} must be one of {', '.join(kind)}, not {value!r}")
        return kind(value)
    if isinstance(default, bool) or isinstance(value, bool):
        if not (isinstance(default, bool) and isinstance(value, bool)):
            raise TypeError(f"{name.upper()} must be {type(default).__name__}, not {value!r}")
        return value
    if not isinstance(value, int | float) or value < 0:
        raise TypeError(f"{name.upper()} must be a number of at least 0, not {value!r}")
    if name.endswith("_jobs") and (value < 1 or value != int(value)):
        raise TypeError(f"{name.upper()} must be a whole number of at least 1, not {value!r}")
    return value
