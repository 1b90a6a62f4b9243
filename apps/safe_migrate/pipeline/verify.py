"""The backup counts once it was read back."""

from dataclasses import replace

from safe_migrate.backups import store, verify
from safe_migrate.errors import BackupFailed
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import tools

NAME = "verify"


def perform(run: Run) -> None:
    """Verify this run's backup to the level that the policy asks for. Raises BackupFailed."""
    if run.backup is None:
        return
    run.progress.doing("reading the backup back")
    client = tools.find_client(run.conf.pg_bin, run.session.info.server_version // 10000)
    manifest = store.read_manifest(run.backup.id)
    if manifest is None:
        raise BackupFailed(
            "SM-B304",
            f"The manifest of {run.backup.id} cannot be found in the storage any more.",
            next=("python manage.py safe_doctor", "python manage.py safe_migrate"),
        )
    level = verify.attainable(manifest, run.conf.policy.backup_level)
    verify.verify(manifest, level, client, verify.How(connection=run.connection))
    run.backup = replace(run.backup, level=level.value)
    run.progress.note(f"verified: {level.value}")
