"""COMMIT and ROLLBACK in a migration: they end Django's transaction, not one of their own."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard

CODE = "SM-H421"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, operation = situation.statement, situation.operation
    if statement.kind is not Kind.TRANSACTION or not operation.atomic:
        return
    if statement.mode not in ("commit", "rollback", "prepare"):
        return
    verb = statement.mode.upper()
    kept = "stays" if statement.mode == "commit" else "is gone, though Django records it as done"
    yield Danger(
        code=CODE,
        effect=Effect.PARTLY_DONE,
        table="",
        lock=Lock.NONE,
        what=(
            f"{verb} ends the transaction of {operation.app}.{operation.migration}: what ran"
            f" before {kept}, what runs after is no longer undone when it fails"
        ),
        instead=(
            "Leave BEGIN, COMMIT and ROLLBACK out: an atomic migration is one transaction.",
            "What has to be committed for itself goes into a migration of its own.",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="Transaction ended by hand",
    lock=Lock.NONE,
    effects=(Effect.PARTLY_DONE,),
    why=(
        "Django opens one transaction for an atomic migration and does not notice that SQL ended"
        " it. From there on every statement is final, and the migration's record with it."
    ),
    remedy="No BEGIN, COMMIT or ROLLBACK in migrations.",
    find=_find,
)
