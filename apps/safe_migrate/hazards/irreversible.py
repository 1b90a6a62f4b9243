"""Operations without a way back."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Operation, Situation
from safe_migrate.hazards.base import Hazard

CODE = "SM-H408"
_REVERSES = {
    "RunPython": "migrations.RunPython(forwards, backwards)",
    "RunSQL": 'migrations.RunSQL("…", reverse_sql="…")',
}
_NOTHING_TO_UNDO = {
    "RunPython": "migrations.RunPython(forwards, migrations.RunPython.noop)",
    "RunSQL": 'migrations.RunSQL("…", migrations.RunSQL.noop)',
}


def _find(situation: Situation) -> Iterator[Danger]:
    operation = situation.operation
    if not operation.reversible:
        yield _danger(operation)


def _danger(operation: Operation) -> Danger:
    """The same for each of its statements: it is told once for an operation."""
    name = f"{operation.kind} of {operation.app}.{operation.migration}"
    way = _REVERSES.get(operation.kind, "")
    nothing = _NOTHING_TO_UNDO.get(operation.kind, "")
    return Danger(
        code=CODE,
        effect=Effect.FAILS if operation.backwards else Effect.IRREVERSIBLE,
        table=operation.table,
        lock=Lock.NONE,
        what=(
            f"{name} cannot be reversed: unapplying it fails"
            if operation.backwards
            else f"{name} cannot be reversed: going back behind it takes a restored backup, and"
            " loses what was written since"
        ),
        instead=(
            "Say how it is undone; where nothing has to be undone, say that.",
            "Where it cannot be undone, run it in a migration of its own, with a restore point.",
        ),
        code_instead=f"{way}\n# or, where nothing has to be undone:\n{nothing}" if way else "",
    )


HAZARD = Hazard(
    code=CODE,
    title="No way back",
    lock=Lock.NONE,
    effects=(Effect.IRREVERSIBLE, Effect.FAILS),
    why=(
        "An operation without its reverse stops every later attempt to go back, also that of the"
        " migrations after it. What remains is a backup, and with it the loss of everything that"
        " was written since."
    ),
    remedy="Give reverse_code or reverse_sql; noop where nothing has to be undone.",
    find=_find,
)
