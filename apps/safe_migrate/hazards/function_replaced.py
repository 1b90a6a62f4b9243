"""CREATE OR REPLACE FUNCTION of a function that triggers call."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import shown

CODE = "SM-H414"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is not Kind.CREATE_FUNCTION or not statement.replaces:
        return
    for table, trigger in _triggers(statement.name, situation.database):
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table,
            lock=Lock.NONE,
            what=(
                f"{shown(statement.name)}() is what the trigger {trigger} runs: from the commit on"
                f" every write to {shown(table)} runs the new body, that of the old code as well"
            ),
            instead=(
                "Let the new body bear what the old code writes.",
                "Else make a function with another name and a trigger that calls it, and drop the"
                " old ones when the old code is gone.",
            ),
        )


def _triggers(function: str, database: Database) -> Iterator[tuple[str, str]]:
    """Table and trigger for each that calls a function, by its name with or without schema."""
    names = {function, *(f'"{schema}".{function}' for schema in database.search_path)}
    for table in database.tables.values():
        for dependent in table.dependents:
            if dependent.kind == "trigger" and dependent.calls in names and not table.new:
                yield table.name, dependent.name


HAZARD = Hazard(
    code=CODE,
    title="Function of a live trigger",
    lock=Lock.NONE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "A function that is replaced is replaced for everybody at once: every writer of the table"
        " runs the new body with the next statement, whichever code it comes from."
    ),
    remedy="A body that old and new code bear, or a second function beside the first.",
    find=_find,
)
