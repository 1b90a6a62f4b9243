"""The SQL of each pending operation, exactly as Django's own schema editor would emit it.

One walk over the plan with the state carried on; a failure in one operation loses nothing else.
The caller hands in a connection of its own that is read-only and in autocommit: an operation that
reaches for a cursor under collect_sql then fails instead of writing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from safe_migrate.facts import PlannedMigration, PlannedOperation
from safe_migrate.plan import identity, source, told
from safe_migrate.plan.near import near
from safe_migrate.plan.step import Step, backwards_steps, forwards_steps, unpacked

UNKNOWN = "its SQL cannot be known beforehand"
Pending = Sequence[tuple[Migration, bool]]


def describe(pending: Pending) -> tuple[PlannedMigration, ...]:
    """The plan without its SQL: what every run needs to know of it."""
    described = []
    for migration, backwards in pending:
        words = [said for operation in migration.operations for said in unpacked(operation)]
        operations = [PlannedOperation(description=said) for said in words]
        described.append(_planned(migration, backwards, operations[:: -1 if backwards else 1]))
    return tuple(described)


def collect(
    executor: MigrationExecutor, pending: Pending, connection: BaseDatabaseWrapper
) -> tuple[PlannedMigration, ...]:
    """The plan with the SQL of every operation, in the order of execution."""
    loader = executor.loader
    wanted = {(migration.app_label, migration.name): backwards for migration, backwards in pending}
    found: dict[tuple[str, str], PlannedMigration] = {}
    state = ProjectState(real_apps=loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(loader.graph.leaf_nodes(), clean_start=True):
        key = (migration.app_label, migration.name)
        if key in wanted:
            walk = _Walk(migration, wanted[key], connection)
            found[key] = _planned(migration, wanted[key], walk.over(state))
            state = migration.mutate_state(state, preserve=False)
        elif key in loader.applied_migrations or not any(wanted.values()):
            state = migration.mutate_state(state, preserve=False)
        if len(found) == len(wanted):
            break
    return tuple(found[migration.app_label, migration.name] for migration, _ in pending)


def _planned(
    migration: Migration, backwards: bool, operations: list[PlannedOperation]
) -> PlannedMigration:
    given = getattr(migration, "safe_migrate_acknowledge", None) or {}
    return PlannedMigration(
        app=migration.app_label,
        name=migration.name,
        backwards=backwards,
        atomic=migration.atomic,
        operations=tuple(operations),
        acknowledged=tuple((str(code), str(why or "")) for code, why in dict(given).items()),
        checksum=identity.source_checksum(identity.source_of(migration)),
    )


@dataclass
class _Walk:
    """Through the operations of one migration, in the order of execution."""

    migration: Migration
    backwards: bool
    connection: BaseDatabaseWrapper
    _collected: list[PlannedOperation] = field(default_factory=list)
    _deferred: list[tuple[Any, int]] = field(default_factory=list)
    """What runs at the migration's end, and the number of the operation that asked for it."""

    def over(self, state: ProjectState) -> list[PlannedOperation]:
        """What each operation emits, from the state before the migration was applied.

        From what it can see of that; where something then goes wrong, once more from all of it.
        """
        if self._go(near(self.migration, state)):
            self._collected, self._deferred = [], []
            self._go(state.clone())
        return self._operations()

    def _go(self, state: ProjectState) -> bool:
        """Collect; whether anything raised an error."""
        failed = False
        editor = self.connection.schema_editor(collect_sql=True, atomic=False)
        editor.deferred_sql = []
        lines = source.lines(self.migration)
        ways = backwards_steps if self.backwards else forwards_steps
        for step in ways(self.migration, state):
            editor.collected_sql = []
            known = {id(statement) for statement in editor.deferred_sql}
            opaque = _emit(editor, step, self.migration.app_label, self.backwards)
            later = [s for s in editor.deferred_sql if id(s) not in known]
            self._deferred += [(statement, len(self._collected)) for statement in later]
            place = source.place(self.migration, lines.get(step.number))
            self._collected.append(
                PlannedOperation(
                    description=step.describe(),
                    statements=tuple(editor.collected_sql),
                    opaque=opaque,
                    told=self._told(step, opaque, place),
                )
            )
            failed = failed or opaque.startswith(UNKNOWN)
        # What is deferred runs at the migration's end, unless a later operation took it back.
        remaining = {id(statement) for statement in editor.deferred_sql}
        self._deferred = [each for each in self._deferred if id(each[0]) in remaining]
        return failed

    def _operations(self) -> list[PlannedOperation]:
        """What was collected."""
        found = list(self._collected)
        for statement, number in self._deferred:
            before = found[number]
            found[number] = replace(
                before,
                statements=(*before.statements, f"{statement};"),
                deferred=before.deferred + 1,
            )
        return found

    def _told(self, step: Step, opaque: str, place: str) -> Any:
        if not (step.in_database or step.state_only):
            return None
        return told.operation(
            step.operation,
            self.migration,
            step.number,
            step.before,
            step.after,
            backwards=self.backwards,
            state_only=step.state_only,
            opaque=opaque,
            source=place,
        )


def _emit(editor: BaseDatabaseSchemaEditor, step: Step, app_label: str, backwards: bool) -> str:
    """Let the operation emit its SQL into the editor; the reason where it has none to show."""
    operation = step.operation
    if not step.in_database:
        return ""
    if backwards and not operation.reversible:
        return "cannot be reversed"
    if not operation.reduces_to_sql:
        return "runs Python code"
    try:
        if backwards:
            operation.database_backwards(app_label, editor, step.before, step.after)
        else:
            operation.database_forwards(app_label, editor, step.before, step.after)
    except Exception as error:  # whatever a third party's operation raises is its own affair
        return f"{UNKNOWN} ({type(error).__name__}: {error})".strip()
    return ""
