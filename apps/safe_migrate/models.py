"""The history table as a read-only model, for the admin; postgres/control.py creates it."""

from django.db import models


class Run(models.Model):
    """One invocation, as the history table has it."""

    id = models.UUIDField(primary_key=True)
    command = models.TextField()
    environment = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.TextField()
    exit_code = models.IntegerField(null=True)
    backup_id = models.TextField(null=True)  # noqa: DJ001 (the column is the tool's own)
    report = models.JSONField()

    class Meta:
        managed = False
        db_table = "safe_migrate_run"
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.command} {self.started_at:%Y-%m-%d %H:%M} {self.outcome}"
