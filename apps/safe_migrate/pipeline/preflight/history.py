"""Do the migration files, the record of what was applied, and the models agree?"""

from collections.abc import Iterator

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline import graph
from safe_migrate.pipeline.run import Run
from safe_migrate.plan import identity
from safe_migrate.policy import Edited
from safe_migrate.postgres import control

CHECK = "history"


def examine(run: Run) -> Iterator[Finding]:
    """Load the graph, resolve the run's targets, and report what does not agree."""
    loader = graph.load(run).loader
    conflicts = loader.detect_conflicts()
    if conflicts:
        named = "; ".join(f"{', '.join(names)} in {app}" for app, names in conflicts.items())
        yield _fail(
            "SM-E141",
            f"Conflicting migrations, more than one last one: {named}.",
            "python manage.py makemigrations --merge",
        )
        return
    try:
        loader.check_consistent_history(run.connection)
    except InconsistentMigrationHistory as error:
        yield _fail(
            "SM-E142",
            f"The record of applied migrations is inconsistent: {error}",
            "python manage.py safe_status",
        )
        return
    graph.resolve(run)
    edited = edited_migrations(run, loader)
    if edited:
        yield _edited(run, edited)
    missing = missing_migrations(loader)
    if missing:
        yield Finding(
            check=CHECK,
            grade=Grade.WARN,
            text=f"models of {', '.join(missing)} have changes without a migration",
            remedy=(f"python manage.py makemigrations {' '.join(missing)}",),
        )
    if not edited and not missing:
        yield Finding(check=CHECK, grade=Grade.OK, text="migrations, record and models agree")


def edited_migrations(run: Run, loader: MigrationLoader) -> list[str]:
    """Applied migrations whose file does something else now than when it was recorded."""
    recorded = control.read_checksums(run.session)
    return sorted(
        f"{app}.{name}"
        for (app, name), checksum in recorded.items()
        if (app, name) in loader.applied_migrations
        and (app, name) in loader.disk_migrations
        and identity.is_edited(loader.disk_migrations[app, name], checksum)
    )


def missing_migrations(loader: MigrationLoader) -> list[str]:
    """Labels of the apps for which `makemigrations` would write something."""
    autodetector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    return sorted(autodetector.changes(graph=loader.graph))


def _edited(run: Run, edited: list[str]) -> Finding:
    refuse = run.conf.policy.edited_migrations is Edited.REFUSE
    return Finding(
        check=CHECK,
        grade=Grade.FAIL if refuse else Grade.WARN,
        code="SM-E143",
        text=f"Edited after being applied: {', '.join(edited)}. The database has what the file "
        "said then, other databases will get what it says now.",
        remedy=(
            "Restore the file from version control, and put the change into a new migration.",
            f"If the change makes no difference: python manage.py safe_doctor --accept {edited[0]}",
        ),
    )


def _fail(code: str, text: str, *remedy: str) -> Finding:
    return Finding(check=CHECK, grade=Grade.FAIL, code=code, text=text, remedy=remedy)
