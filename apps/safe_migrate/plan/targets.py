"""What the arguments of `migrate` mean: the nodes of the graph to go to."""

from django.apps import apps
from django.db.migrations.loader import AmbiguityError, MigrationLoader

from safe_migrate.errors import UsageError

Target = tuple[str, str | None]


def resolve(
    loader: MigrationLoader, app_label: str, migration_name: str, *, run_syncdb: bool
) -> list[Target]:
    """Targets as `migrate` resolves them; (app, None) means everything of the app unapplied.

    Raises UsageError for an unknown app (SM-U101), an app without migrations (SM-U102), an unknown
    (SM-U103) or ambiguous (SM-U104) migration name.
    """
    if not app_label:
        return list(loader.graph.leaf_nodes())
    _require_app(loader, app_label, run_syncdb=run_syncdb)
    if not migration_name:
        return [key for key in loader.graph.leaf_nodes() if key[0] == app_label]
    if migration_name == "zero":
        return [(app_label, None)]
    return [_by_prefix(loader, app_label, migration_name)]


def _require_app(loader: MigrationLoader, app_label: str, *, run_syncdb: bool) -> None:
    if app_label not in {config.label for config in apps.get_app_configs()}:
        known = ", ".join(sorted(loader.migrated_apps))
        raise UsageError(
            "SM-U101",
            f"There is no app labelled {app_label!r}. Apps with migrations: {known}.",
            next="python manage.py safe_status",
        )
    if (app_label in loader.migrated_apps) == run_syncdb:
        has = "has migrations: --run-syncdb is for apps without" if run_syncdb else "has none"
        raise UsageError(
            "SM-U102",
            f"The app {app_label!r} {has}."
            if run_syncdb
            else f"The app {app_label!r} has no migrations.",
            next="python manage.py safe_migrate"
            if run_syncdb
            else f"python manage.py makemigrations {app_label}",
        )


def _by_prefix(loader: MigrationLoader, app_label: str, migration_name: str) -> Target:
    try:
        migration = loader.get_migration_by_prefix(app_label, migration_name)
    except AmbiguityError:
        names = [n for a, n in loader.disk_migrations or () if a == app_label]
        near = ", ".join(sorted(n for n in names if n.startswith(migration_name)))
        raise UsageError(
            "SM-U104",
            f"More than one migration of {app_label!r} begins with {migration_name!r}: {near}.",
            next=f"python manage.py safe_status {app_label}",
        ) from None
    except KeyError:
        raise UsageError(
            "SM-U103",
            f"The app {app_label!r} has no migration that begins with {migration_name!r}.",
            next=f"python manage.py safe_status {app_label}",
        ) from None
    target = (app_label, migration.name)
    # A partly applied squashed migration is not in the graph: its last replacement stands for it.
    if target not in loader.graph.nodes and target in loader.replacements:
        app, name = loader.replacements[target].replaces[-1]
        return app, name
    return target
