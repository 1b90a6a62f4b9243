"""A plan as data: what --plan shows, by the schema safe_migrate.run/1 (docs/schemas)."""

from collections.abc import Iterable
from typing import Any

from safe_migrate.facts import PlannedMigration, PlannedOperation
from safe_migrate.facts.danger import Danger, Judged, Phase, Step


def migration(planned: PlannedMigration) -> dict[str, Any]:
    """A migration with its operations and their dangers."""
    return {
        "app": planned.app,
        "name": planned.name,
        "backwards": planned.backwards,
        "atomic": planned.atomic,
        "operations": [_operation(operation) for operation in planned.operations],
        "dangers": [_danger(judged) for judged in planned.dangers],
    }


def phase(dangers: Iterable[Danger]) -> Phase:
    """When something with these dangers may run: two that contradict each other need a split."""
    asked = {danger.phase for danger in dangers} - {Phase.ANY}
    if Phase.SPLIT in asked or {Phase.EXPAND, Phase.CONTRACT} <= asked:
        return Phase.SPLIT
    return next(iter(asked), Phase.ANY)


def _operation(planned: PlannedOperation) -> dict[str, Any]:
    told = planned.told
    return {
        "description": planned.description,
        "statements": list(planned.statements),
        "opaque": planned.opaque,
        "kind": told.kind if told else "",
        "source": told.source if told else "",
        "reversible": told.reversible if told else None,
        "phase": phase(judged.danger for judged in planned.dangers).value,
        "dangers": [_danger(judged) for judged in planned.dangers],
    }


def _danger(judged: Judged) -> dict[str, Any]:
    danger = judged.danger
    return {
        "code": danger.code,
        "title": judged.title,
        "grade": judged.grade.value,
        "effect": danger.effect.value,
        "statement": judged.statement,
        "table": danger.table,
        "lock": danger.lock.value,
        "held_ms": danger.held_ms,
        "what": danger.what,
        "instead": list(danger.instead),
        "code_instead": danger.code_instead,
        "phase": danger.phase.value,
        "examples": list(danger.examples),
        "acknowledged": judged.acknowledged,
        "steps": [_step(step) for step in judged.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "sql": step.sql,
        "lock": step.lock.value,
        "concurrent": step.concurrent,
        "batched": step.batched,
        "postcondition": step.postcondition,
    }
