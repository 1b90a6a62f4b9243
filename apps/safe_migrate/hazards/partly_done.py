"""A migration with atomic = False and several operations: a failure leaves the first ones done."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard

CODE = "SM-H405"


def _find(situation: Situation) -> Iterator[Danger]:
    operation = situation.operation
    # Told once, with the second operation: what is before it stays. Where that is the last one and
    # changes the state alone, nothing can fail after the first.
    nothing = situation.statement.kind is Kind.NOTHING and len(operation.kinds) == 2
    if operation.atomic or operation.number != 1 or nothing:
        return
    name = f"{operation.app}.{operation.migration}"
    yield Danger(
        code=CODE,
        effect=Effect.PARTLY_DONE,
        table="",
        lock=Lock.NONE,
        # The same for each of the operation's statements, so that it stands there once.
        what=(
            f"{name} has atomic = False and {len(operation.kinds)} operations"
            f" ({', '.join(operation.kinds)}): where one fails the ones before it stay done, the"
            " migration is not recorded, and running it again begins with what is there already"
        ),
        instead=(
            "One operation for each migration with atomic = False; what can run in a transaction"
            " goes into migrations that are atomic.",
        ),
        code_instead="\n\n\n".join(
            f"# {operation.migration}{'' if number == 0 else f'_{number + 1}'}.py\n"
            "class Migration(migrations.Migration):\n"
            "    atomic = False\n"
            f"    operations = [{_called(kind)}]"
            for number, kind in enumerate(operation.kinds)
        ),
        phase=Phase.ANY,
    )


def _called(kind: str) -> str:
    module = "" if "Concurrently" in kind else "migrations."
    return f"{module}{kind}(...)"


HAZARD = Hazard(
    code=CODE,
    title="Half done after a failure",
    lock=Lock.NONE,
    effects=(Effect.PARTLY_DONE,),
    why=(
        "Without a transaction round the migration each of its statements is final. Where the"
        " second fails, the first stays, Django records nothing, and the next run begins with the"
        ' first again: "already exists". An index that was built concurrently may stay behind'
        " invalid."
    ),
    remedy="One operation for each migration with atomic = False.",
    find=_find,
)
