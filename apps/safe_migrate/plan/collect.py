"""The SQL of each pending operation, exactly as Django's own schema editor would emit it.

One walk over the plan with the state carried on; a failure in one operation loses nothing else.
The caller hands in a connection of its own that is read-only and in autocommit: an operation that
reaches for a cursor under collect_sql then fails instead of writing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from safe_migrate.facts import PlannedMigration, PlannedOperation

Pending = Sequence[tuple[Migration, bool]]


def describe(pending: Pending) -> tuple[PlannedMigration, ...]:
    """The plan without its SQL: what every run needs to know of it."""
    return tuple(
        _planned(
            migration,
            backwards,
            (PlannedOperation(description=op.describe()) for op in _order(migration, backwards)),
        )
        for migration, backwards in pending
    )


def collect(
    executor: MigrationExecutor, pending: Pending, connection: BaseDatabaseWrapper
) -> tuple[PlannedMigration, ...]:
    """The plan with the SQL of every operation, in the order of execution."""
    states = _states(executor, pending)
    return tuple(
        _planned(migration, backwards, _operations(migration, backwards, state, connection))
        for (migration, backwards), state in zip(pending, states, strict=True)
    )


def _planned(
    migration: Migration, backwards: bool, operations: Iterator[PlannedOperation]
) -> PlannedMigration:
    return PlannedMigration(
        app=migration.app_label,
        name=migration.name,
        backwards=backwards,
        atomic=migration.atomic,
        operations=tuple(operations),
    )


def _order(migration: Migration, backwards: bool) -> list[Operation]:
    return list(reversed(migration.operations) if backwards else migration.operations)


def _states(executor: MigrationExecutor, pending: Pending) -> Iterator[ProjectState]:
    """The state before each migration of the plan (for a backward one: before it was applied)."""
    loader = executor.loader
    wanted = {(m.app_label, m.name) for m, _ in pending}
    backwards = any(backwards for _, backwards in pending)
    found: dict[tuple[str, str], ProjectState] = {}
    state = ProjectState(real_apps=loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(loader.graph.leaf_nodes(), clean_start=True):
        key = (migration.app_label, migration.name)
        if key in wanted:
            found[key] = state
            state = migration.mutate_state(state, preserve=True)
        elif key in loader.applied_migrations or not backwards:
            state = migration.mutate_state(state, preserve=False)
        if len(found) == len(wanted):
            break
    return (found[m.app_label, m.name] for m, _ in pending)


def _operations(
    migration: Migration, backwards: bool, state: ProjectState, connection: BaseDatabaseWrapper
) -> Iterator[PlannedOperation]:
    editor = connection.schema_editor(collect_sql=True, atomic=False)
    editor.deferred_sql = []
    owners: list[tuple[Any, int]] = []
    collected: list[tuple[Operation, list[str], str]] = []
    for index, (operation, before, after) in enumerate(_steps(migration, backwards, state)):
        editor.collected_sql = []
        known = {id(statement) for statement in editor.deferred_sql}
        opaque = _emit(editor, operation, migration.app_label, before, after, backwards)
        owners += [(s, index) for s in editor.deferred_sql if id(s) not in known]
        collected.append((operation, list(editor.collected_sql), opaque))
    # What is deferred runs at the migration's end, unless a later operation took it back.
    remaining = {id(statement) for statement in editor.deferred_sql}
    for statement, index in owners:
        if id(statement) in remaining:
            collected[index][1].append(f"{statement};")
    for operation, statements, opaque in collected:
        yield PlannedOperation(
            description=operation.describe(), statements=tuple(statements), opaque=opaque
        )


def _steps(
    migration: Migration, backwards: bool, state: ProjectState
) -> list[tuple[Operation, ProjectState, ProjectState]]:
    """Each operation with the state to go from and the one to go to, in the order of execution."""
    steps = []
    for operation in migration.operations:
        before = state
        state = state.clone()
        operation.state_forwards(migration.app_label, state)
        steps.append((operation, before, state))
    if backwards:
        return [(operation, after, before) for operation, before, after in reversed(steps)]
    return steps


def _emit(
    editor: BaseDatabaseSchemaEditor,
    operation: Operation,
    app_label: str,
    before: ProjectState,
    after: ProjectState,
    backwards: bool,
) -> str:
    """Let the operation emit its SQL into the editor; the reason where it has none to show."""
    if backwards and not operation.reversible:
        return "cannot be reversed"
    if not operation.reduces_to_sql:
        return "runs Python code"
    try:
        if backwards:
            operation.database_backwards(app_label, editor, before, after)
        else:
            operation.database_forwards(app_label, editor, before, after)
    except Exception as error:  # whatever a third party's operation raises is its own affair
        return f"its SQL cannot be known beforehand ({type(error).__name__}: {error})".strip()
    return ""
