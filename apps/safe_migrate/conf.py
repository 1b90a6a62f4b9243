"""settings.SAFE_MIGRATE, read late, typed and checked; the only reader of that setting."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from safe_migrate.policy import Environment, Policy, policy_for, policy_names

KEYS = (
    "ENVIRONMENT",
    "POLICY",
    "PG_BIN",
    "MIGRATION_DATABASE_URL",
    "BACKUP_DATABASE_URL",
    "SCRATCH_DATABASE_URL",
    "REVISION",
    "MANIFEST_KEY",
    "AGE_RECIPIENTS",
    "AGE_IDENTITY_FILE",
    "BASE_BACKUP_DIR",
    "RESTORE_COMMAND",
    "BACKUP_HOOK",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conf:
    """One project's settings of this tool."""

    environment: Environment
    policy: Policy
    pg_bin: Path | None
    migration_urls: dict[str, str]
    """Database alias → a direct connection for migrating, where DATABASES goes through a pooler."""
    backup_urls: dict[str, str]
    """Database alias → the connection that pg_dump uses."""
    scratch_urls: dict[str, str]
    """Database alias → the server where backups of it are restored to verify them."""
    revision: str
    """The project's revision being deployed; noted in manifests and runs."""
    manifest_key: str = field(repr=False)
    """The secret that manifests are sealed with; empty for a plain checksum."""
    age_recipients: tuple[str, ...]
    """Public keys that backups are encrypted for; none for no encryption."""
    age_identity_file: Path | None
    """The private key's file, where backups are verified and restored."""
    base_backup_dir: Path | None
    """Where `safe_backup base` puts base backups."""
    restore_command: str
    """PostgreSQL's restore_command, which fetches a file from the WAL archive."""
    backup_hook: tuple[str, ...]
    """The program and its arguments that answers for the WAL archive; none for no such program."""


def read() -> Conf:
    """The settings as they are now (override_settings is seen).

    Raises ImproperlyConfigured with the key, the bad value and, for a misspelt key, the near one.
    """
    given = getattr(settings, "SAFE_MIGRATE", None)
    if not isinstance(given, dict):
        raise ImproperlyConfigured(
            'settings.SAFE_MIGRATE is missing: set SAFE_MIGRATE = {"ENVIRONMENT": "development"} '
            f"(one of {', '.join(Environment)})."
        )
    _refuse_unknown("SAFE_MIGRATE", given, KEYS)
    environment = _environment(given.get("ENVIRONMENT"))
    return Conf(
        environment=environment,
        policy=_policy(environment, given.get("POLICY") or {}),
        pg_bin=_path(given.get("PG_BIN")),
        migration_urls=_urls("MIGRATION_DATABASE_URL", given),
        backup_urls=_urls("BACKUP_DATABASE_URL", given),
        scratch_urls=_urls("SCRATCH_DATABASE_URL", given),
        revision=str(given.get("REVISION") or ""),
        manifest_key=str(given.get("MANIFEST_KEY") or ""),
        age_recipients=tuple(given.get("AGE_RECIPIENTS") or ()),
        age_identity_file=_path(given.get("AGE_IDENTITY_FILE")),
        base_backup_dir=_path(given.get("BASE_BACKUP_DIR")),
        restore_command=str(given.get("RESTORE_COMMAND") or ""),
        backup_hook=_arguments("BACKUP_HOOK", given),
    )


def _environment(value: Any) -> Environment:
    if value not in list(Environment):
        raise ImproperlyConfigured(
            f"SAFE_MIGRATE['ENVIRONMENT'] is {value!r}: it must be one of {', '.join(Environment)}."
        )
    return Environment(value)


def _policy(environment: Environment, differences: Any) -> Policy:
    if not isinstance(differences, dict):
        raise ImproperlyConfigured("SAFE_MIGRATE['POLICY'] must be a dictionary.")
    known = [name.upper() for name in policy_names()]
    _refuse_unknown("SAFE_MIGRATE['POLICY']", differences, known)
    try:
        return policy_for(environment, {key.lower(): value for key, value in differences.items()})
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"SAFE_MIGRATE['POLICY']: {error}.") from None


def _arguments(key: str, given: dict[str, Any]) -> tuple[str, ...]:
    value = given.get(key) or ()
    if isinstance(value, str):
        raise ImproperlyConfigured(
            f"SAFE_MIGRATE[{key!r}] must be a list of a program and its arguments, not a string."
        )
    return tuple(map(str, value))


def _path(value: Any) -> Path | None:
    return Path(value) if value else None


def _urls(key: str, given: dict[str, Any]) -> dict[str, str]:
    value = given.get(key) or {}
    return {"default": value} if isinstance(value, str) else dict(value)


def _refuse_unknown(where: str, given: dict[str, Any], known: Any) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known are: {', '.join(known)}."
            raise ImproperlyConfigured(f"{where} has an unknown key {key!r}.{hint}")
