"""Triggers and foreign keys switched off: rows come in that break them, and nobody notices."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, shown, standing

CODE = "SM-H422"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    replica = statement.name == "session_replication_role" and statement.new_name == "replica"
    if statement.kind is Kind.SET and replica:
        what = "session_replication_role = replica switches off all triggers and foreign keys"
        yield _danger("", Lock.NONE, f"{what} for this session")
    table = standing(situation.database, statement.table)
    for action in actions(statement, ActionKind.TRIGGERS) if table else ():
        if table and action.option.startswith("DisableTrig"):
            which = {
                "DisableTrigAll": "all triggers and foreign keys",
                "DisableTrigUser": "all triggers",
            }.get(action.option, f"the trigger {action.name}")
            what = f"DISABLE TRIGGER switches off {which} of {shown(table.name)} for everybody"
            yield _danger(table.name, Lock.SHARE_ROW_EXCLUSIVE, what)


def _danger(table: str, lock: Lock, what: str) -> Danger:
    return Danger(
        code=CODE,
        effect=Effect.LOSES_DATA,
        table=table,
        lock=lock,
        what=f"{what}: rows that break them come in, and are not looked at again afterwards",
        instead=(
            "Change the rows in an order that the foreign keys allow; those of Django are checked"
            " at the transaction's end anyway.",
            "Where a trigger is in the way, let its function look at a setting of the transaction.",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="Checks switched off",
    lock=Lock.SHARE_ROW_EXCLUSIVE,
    effects=(Effect.LOSES_DATA,),
    why=(
        "Foreign keys are triggers. While they are off anything is let in, and switching them on"
        " again checks nothing: the constraint says that it is valid, and it is not."
    ),
    remedy="Leave them on; the foreign keys of Django wait for the end of the transaction.",
    find=_find,
)
