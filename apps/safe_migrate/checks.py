"""System checks: cheap, without a connection, each with what to do about it."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from safe_migrate import conf


@register
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """SAFE_MIGRATE can be read, and what backups need is installed."""
    try:
        conf.read()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/reference.md#settings.", id="safe_migrate.E001")]
    messages: list[CheckMessage] = []
    if not apps.is_installed("dbbackup"):
        messages.append(
            Error(
                "django-dbbackup is not installed.",
                hint="Add 'dbbackup' to INSTALLED_APPS, before 'safe_migrate'.",
                id="safe_migrate.E002",
            )
        )
    if "dbbackup" not in settings.STORAGES:
        messages.append(
            Error(
                'STORAGES has no storage named "dbbackup": backups would land in MEDIA_ROOT.',
                hint="See docs/reference.md#storage.",
                id="safe_migrate.E003",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_debug_of_stamp(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """DEBUG together with an environment that people use is a mistake in one of the two."""
    try:
        environment = conf.read().environment.value
    except ImproperlyConfigured:
        return []
    if settings.DEBUG and environment in ("staging", "production"):
        return [
            Warning(
                f"DEBUG is on in {environment}.",
                hint="Set DEBUG = False.",
                id="safe_migrate.W001",
            )
        ]
    return []
