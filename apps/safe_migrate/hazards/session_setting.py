"""SET without LOCAL: it outlives the migration, and may undo what keeps locks short."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard

CODE = "SM-H424"
_TIMEOUTS = (
    "deadlock_timeout",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
)
# Told by another hazard.
_ELSEWHERE = ("session_replication_role",)


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.SET or statement.name in _ELSEWHERE:
        return
    if statement.name in _TIMEOUTS:
        yield _danger(
            statement,
            Effect.QUEUE,
            f"{_said(statement)} in the place of the timeout that safe_migrate has set: a lock is"
            " then waited for as long as that, and whoever comes later waits as well",
            "Leave it out: safe_migrate sets its timeouts from the policy's budget.",
        )
    elif statement.mode != "local" and statement.object != "set_multi":
        yield _danger(
            statement,
            Effect.UNKNOWN,
            f"{_said(statement)} stays in force for all migrations that run after this one in the"
            " same session",
            f"SET LOCAL {statement.name}: it ends with the migration's transaction."
            if statement.name
            else "Leave it out.",
        )


def _said(statement: Statement) -> str:
    if statement.object.startswith("reset"):
        return f"RESET {statement.name or 'ALL'}"
    local = "LOCAL " if statement.mode == "local" else ""
    value = f" = {statement.new_name}" if statement.new_name else ""
    return f"SET {local}{statement.name}{value}"


def _danger(statement: Statement, effect: Effect, what: str, instead: str) -> Danger:
    return Danger(code=CODE, effect=effect, table="", lock=Lock.NONE, what=what, instead=(instead,))


HAZARD = Hazard(
    code=CODE,
    title="Setting outlives the migration",
    lock=Lock.NONE,
    effects=(Effect.QUEUE, Effect.UNKNOWN),
    why=(
        "SET without LOCAL holds for the session, and all pending migrations run in one: another"
        " search_path or role changes what the next ones do. A timeout set by hand takes the place"
        " of the one that keeps others from waiting."
    ),
    remedy="SET LOCAL, and no timeouts.",
    find=_find,
)
