"""RunPython in an atomic migration: what it changes stays locked until the migration ends."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import ask_extent, program_ms

CODE = "SM-H402"
_INSTEAD = """
def fill(apps, schema_editor):
    Model = apps.get_model("{app}", "{model}")
    todo = Model.objects.filter(...)  # those that are not done yet
    while keys := list(todo.values_list("pk", flat=True)[:5000]):
        Model.objects.filter(pk__in=keys).update(...)


class Migration(migrations.Migration):
    atomic = False
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


def _find(situation: Situation) -> Iterator[Danger]:
    operation = situation.operation
    if situation.statement.kind is not Kind.CODE or operation.kind != "RunPython":
        return
    if not operation.atomic:
        return
    held = program_ms(situation)
    yield Danger(
        code=CODE,
        effect=Effect.UNKNOWN if held is None else Effect.REWRITE,
        table="",
        lock=Lock.ROW_EXCLUSIVE,
        what=(
            f"{operation.app}.{operation.migration} runs Python code in one transaction: nobody"
            " can foresee how many rows it changes, and whoever changes one of them waits until"
            " the migration ends"
        ),
        held_ms=held,
        instead=(
            "Where it may change more than some thousand rows, put it into a migration of its own"
            " with atomic = False, and let it work in batches that can be interrupted and run"
            " again.",
            "Where it changes a few, say so: acknowledge this code in the migration.",
        ),
        code_instead=_INSTEAD.format(app=operation.app, model=operation.model or "Model").strip(),
    )


def _ask(situation: Situation) -> Iterator[Question]:
    if situation.operation.kind == "RunPython" and situation.operation.atomic:
        yield from ask_extent(CODE, situation)


HAZARD = Hazard(
    code=CODE,
    title="Code of unknown extent",
    lock=Lock.ROW_EXCLUSIVE,
    effects=(Effect.UNKNOWN, Effect.REWRITE),
    why=(
        "RunPython shows no SQL beforehand. In an atomic migration everything that it changes is"
        " one transaction: the rows stay locked until the migration's end, autovacuum cannot clean"
        " up behind them, and a failure near the end throws all of it away."
    ),
    remedy=(
        "Put it into a migration of its own with atomic = False, and let it work in batches that"
        " find what is left to do, so that it can be interrupted and run again."
    ),
    find=_find,
    ask=_ask,
)
