"""System checks: a mistake in settings.SEEDING is told before anybody seeds."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from safe_migrate.policy import Environment
from seeding import conf


@register
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """SEEDING can be read, and nobody hopes for what will not happen."""
    try:
        found = conf.read()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/reference.md#settings.", id="seeding.E001")]
    if Environment.PRODUCTION not in found.profiles:
        return []
    return [
        Warning(
            "SEEDING['PROFILES'] has a profile for production, which is never seeded.",
            hint="Remove it; reference rows are loaded by: python manage.py seed --reference",
            id="seeding.W001",
        )
    ]
