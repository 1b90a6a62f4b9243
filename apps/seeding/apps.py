"""The app's configuration; it has no models: its one table is the tool's own (ledger.py)."""

from django.apps import AppConfig


class SeedingConfig(AppConfig):
    """Labels are for ever, and this app is found by its command alone."""

    name = "seeding"
    label = "seeding"
    verbose_name = "Seeding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks; nothing here connects to anything."""
        from seeding import checks  # noqa: F401 (registers)
