"""CONCURRENTLY in a transaction: PostgreSQL refuses it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Operation, Phase, Situation
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions

CODE = "SM-H113"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, operation = situation.statement, situation.operation
    detached = any(each.concurrent for each in actions(statement, ActionKind.DETACH_PARTITION))
    # REFRESH MATERIALIZED VIEW CONCURRENTLY does not commit in between.
    if statement.kind is Kind.REFRESH or not (statement.concurrent or detached):
        return
    name = f"{operation.app}.{operation.migration}"
    if operation.atomic:
        yield _danger(
            situation,
            f"it fails: CONCURRENTLY cannot run inside a transaction, and {name} runs in one",
            "Set atomic = False in this migration, and let it hold nothing else.",
        )
    elif statement.joined:
        yield _danger(
            situation,
            "it fails: its text holds other statements too, what is sent at once runs in one"
            " transaction, and CONCURRENTLY cannot",
            "Give RunSQL a list, with each statement a text of its own.",
        )


def _danger(situation: Situation, what: str, instead: str) -> Danger:
    operation = situation.operation
    return Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=situation.statement.table,
        lock=Lock.NONE,
        what=what,
        instead=(instead,),
        code_instead=_code(operation),
        phase=Phase.ANY,
    )


def _code(operation: Operation) -> str:
    if operation.atomic or not operation.statements:
        return code.operations(code.as_it_is(operation), atomic=False)
    texts = [repr(each.sql) for each in operation.statements]
    sql = code.call("migrations.RunSQL", code.listed("sql", texts))
    return code.operations(sql, atomic=False)


HAZARD = Hazard(
    code=CODE,
    title="CONCURRENTLY in a transaction",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why="CREATE INDEX, DROP INDEX, REINDEX and DETACH PARTITION with CONCURRENTLY commit in"
    " between, so PostgreSQL refuses them inside a transaction (25001). Django runs a migration in"
    " one unless it has atomic = False; and several statements in one text of RunSQL are a"
    " transaction as well.",
    remedy="A migration of its own with atomic = False, and one statement for each text.",
    find=_find,
)
