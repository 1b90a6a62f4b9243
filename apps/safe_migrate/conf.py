"""settings.SAFE_MIGRATE, read late, typed and checked; the only reader of that setting."""

from dataclasses import dataclass
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
    "REVISION",
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
    revision: str
    """The project's revision being deployed; noted in manifests and runs."""


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
        pg_bin=Path(given["PG_BIN"]) if given.get("PG_BIN") else None,
        migration_urls=_urls("MIGRATION_DATABASE_URL", given),
        backup_urls=_urls("BACKUP_DATABASE_URL", given),
        revision=str(given.get("REVISION") or ""),
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


def _urls(key: str, given: dict[str, Any]) -> dict[str, str]:
    value = given.get(key) or {}
    return {"default": value} if isinstance(value, str) else dict(value)


def _refuse_unknown(where: str, given: dict[str, Any], known: Any) -> None:
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known are: {', '.join(known)}."
            raise ImproperlyConfigured(f"{where} has an unknown key {key!r}.{hint}")
