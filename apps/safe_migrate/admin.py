"""The history of runs, to be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from safe_migrate.models import Run


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing of a record can be changed."""

    list_display = ("started_at", "command", "environment", "outcome", "exit_code", "backup_id")
    list_filter = ("command", "environment", "outcome")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
