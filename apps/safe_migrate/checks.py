"""System checks: cheap, without a connection, each with what to do about it.

Only the one of the newest backup reads the storage, and only where a database is named.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from safe_migrate import conf
from safe_migrate.backups import freshness


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


@register(Tags.database, deploy=True)
def check_age_of_backup(
    app_configs: Sequence[AppConfig] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """`check --deploy --database default`: the newest verified backup of each is young enough."""
    try:
        settings_of_tool = conf.read()
    except ImproperlyConfigured:
        return []
    hours = settings_of_tool.policy.backup_max_age_hours
    if not hours or "dbbackup" not in settings.STORAGES:
        return []
    found = (_age_of_backup(settings_of_tool, alias, hours) for alias in databases or ())
    return [message for message in found if message]


def _age_of_backup(settings_of_tool: conf.Conf, alias: str, hours: float) -> Warning | None:
    database = freshness.database_of(settings_of_tool, alias)
    try:
        newest = freshness.newest(settings_of_tool.environment.value, database)
    except Exception as error:  # each kind of bucket raises its own
        text = f"The dbbackup storage cannot be read: {type(error).__name__}: {error}"
        return Warning(text, hint="python manage.py safe_doctor", id="safe_migrate.W002")
    problem = freshness.problem(newest, repr(database), hours * freshness.HOUR)
    if problem is None:
        return None
    return Warning(problem.what, hint=" / ".join(problem.next), id="safe_migrate.W002")
