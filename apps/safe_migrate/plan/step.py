"""The operations of a migration one by one, each with the states that it leads from and to.

Those within a SeparateDatabaseAndState are visited as Django itself would run them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db.migrations.migration import Migration
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

STATE_ONLY = "state only"
"""What is said of an operation that is not for the database."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One operation."""

    operation: Operation
    number: int
    """Its place in the migration, or that of the operation around it."""
    before: ProjectState
    after: ProjectState
    state: ProjectState
    """Of the project when it is applied: what a SeparateDatabaseAndState keeps to itself is not
    in it."""
    in_database: bool = True
    state_only: bool = False
    """Nothing beside it is for the database."""

    def describe(self) -> str:
        """In words."""
        return _words(self.operation, self.in_database)


def forwards_steps(migration: Migration, state: ProjectState) -> Iterator[Step]:
    """From the state before the migration; each is made when the one before has been looked at.

    By then the states of that one are rendered, and Django renders the next from it: rendering
    every state from its models would take seconds for each operation of a large project.
    """
    for number, operation in enumerate(migration.operations):
        for step in _inside(operation, number, migration.app_label, state):
            yield step
            state = step.state


def backwards_steps(migration: Migration, state: ProjectState) -> Iterator[Step]:
    """From the same state, the one before the migration: Django as well goes there and back."""
    for step in reversed(list(forwards_steps(migration, state))):
        yield replace(step, before=step.after, after=step.before)


def unpacked(operation: Operation) -> list[str]:
    """The words for each step of an operation."""
    if not _is_separate(operation):
        return [_words(operation, True)]
    inside: Any = operation
    words = [said for each in inside.database_operations for said in unpacked(each)]
    return [*words, *(_words(each, False) for each in inside.state_operations)]


def _inside(
    operation: Operation, number: int, app_label: str, state: ProjectState
) -> Iterator[Step]:
    if not _is_separate(operation):
        after = _changed(operation, app_label, state)
        yield Step(operation=operation, number=number, before=state, after=after, state=after)
        return
    inside: Any = operation
    inner = state
    for each in inside.database_operations:
        for step in _inside(each, number, app_label, inner):
            yield replace(step, state=state)
            inner = step.state
    for each in inside.state_operations:
        after = _changed(each, app_label, state)
        yield Step(
            operation=each,
            number=number,
            before=state,
            after=after,
            state=after,
            in_database=False,
            state_only=not inside.database_operations,
        )
        state = after


def _is_separate(operation: Operation) -> bool:
    """Whether Django itself would run the operations within it; a third party's is its own."""
    kind: Any = type(operation)
    own: Any = SeparateDatabaseAndState
    return isinstance(operation, own) and (
        kind.database_forwards is own.database_forwards
        and kind.database_backwards is own.database_backwards
        and bool(operation.database_operations or operation.state_operations)
    )


def _words(operation: Operation, in_database: bool) -> str:
    said = operation.describe()
    return said if in_database else f"{said} ({STATE_ONLY})"


def _changed(operation: Operation, app_label: str, state: ProjectState) -> ProjectState:
    after = state.clone()
    operation.state_forwards(app_label, after)
    return after
