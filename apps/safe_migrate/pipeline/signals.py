"""pre_migrate and post_migrate as `migrate` sends them: once per run, pending or not."""

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db.migrations.state import ModelState, ProjectState

from safe_migrate.pipeline.run import Run


def send_pre_migrate(run: Run, state: ProjectState) -> None:
    """With the models as the database has them now."""
    emit_pre_migrate_signal(
        run.options.verbosity,
        run.options.interactive,
        run.connection.alias,
        stdout=run.stdout,
        apps=state.apps,
        plan=run.pending,
    )


def send_post_migrate(run: Run, state: ProjectState) -> None:
    """With the models as they are after the run, real ones re-rendered with their relations."""
    state.clear_delayed_apps_cache()
    after = state.apps
    with after.bulk_update():
        keys = [(model.app_label, model.name_lower) for model in after.real_models]
        for key in keys:
            after.unregister_model(*key)
    after.render_multiple([ModelState.from_model(apps.get_model(*key)) for key in keys])
    emit_post_migrate_signal(
        run.options.verbosity,
        run.options.interactive,
        run.connection.alias,
        stdout=run.stdout,
        apps=after,
        plan=run.pending,
    )
