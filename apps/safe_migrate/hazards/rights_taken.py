"""REVOKE, and another owner: code that runs under a role may not do what it did."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, shown, standing

CODE = "SM-H423"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind is Kind.GRANT and statement.mode == "revoke":
        tables = [found for name in statement.tables if (found := standing(database, name))]
        if tables or not statement.tables:
            names = ", ".join(shown(table.name) for table in tables)
            first = tables[0].name if tables else ""
            what = f"REVOKE takes rights{' on ' + names if names else ''} away"
            yield _danger(first, Lock.NONE, what)
    table = standing(database, statement.table)
    for _ in actions(statement, ActionKind.OWNER) if table else ():
        if table:
            what = (
                f"{shown(table.name)} gets another owner, and the old one loses an owner's rights"
            )
            yield _danger(table.name, Lock.ACCESS_EXCLUSIVE, what)


def _danger(table: str, lock: Lock, what: str) -> Danger:
    return Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table,
        lock=lock,
        what=f'{what}: code that runs under that role fails with "permission denied"',
        instead=("Let the code that needs them be gone first, and see that no other role is met.",),
        phase=Phase.CONTRACT,
    )


HAZARD = Hazard(
    code=CODE,
    title="Rights taken away",
    lock=Lock.NONE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why="Rights are looked at with every statement: what is revoked fails from the commit on.",
    remedy="After the code that needs them is gone.",
    find=_find,
)
