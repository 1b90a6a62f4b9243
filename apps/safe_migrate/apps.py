"""The app's configuration: dbbackup is given our connector, and its receivers are connected."""

from django.apps import AppConfig

POSTGRESQL_ENGINES = (
    "django.contrib.gis.db.backends.postgis",
    "django.db.backends.postgresql",
    "safe_migrate.postgres.embedded",
)


class SafeMigrateConfig(AppConfig):
    """Labels are for ever: they stand in django_migrations and in table names."""

    name = "safe_migrate"
    label = "safe_migrate"
    verbose_name = "Safe migrate"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks and receivers; nothing here connects to anything."""
        from dbbackup import settings as dbbackup_settings
        from dbbackup.db.base import CONNECTOR_MAPPING
        from dbbackup.signals import post_backup, pre_restore
        from dbbackup.storage import Storage

        from safe_migrate import checks  # noqa: F401 (registers)
        from safe_migrate.backups import guard
        from safe_migrate.backups.connector import CONNECTOR
        from safe_migrate.backups.create import publish_manifest

        for engine in POSTGRESQL_ENGINES:
            if engine not in dbbackup_settings.CUSTOM_CONNECTOR_MAPPING:
                CONNECTOR_MAPPING[engine] = CONNECTOR
        post_backup.connect(publish_manifest, dispatch_uid="safe_migrate.publish_manifest")
        post_backup.connect(guard.say_what_clean_spares, dispatch_uid="safe_migrate.clean")
        pre_restore.connect(guard.refuse_restore, dispatch_uid="safe_migrate.refuse_restore")
        Storage.list_backups = guard.showing_backups_only(Storage.list_backups)
        dbbackup_settings.CLEANUP_KEEP_FILTER = guard.sparing_ours(
            dbbackup_settings.CLEANUP_KEEP_FILTER
        )
