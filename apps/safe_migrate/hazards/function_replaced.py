"""CREATE OR REPLACE FUNCTION of a function that triggers call."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import literal, shown

CODE = "SM-H414"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    callers = [
        caller
        for question, answer in situation.answers
        for caller in answer
        if question in _ask(situation)
    ]
    if not callers:
        return
    yield Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table="",
        lock=Lock.NONE,
        what=(
            f"{shown(statement.name)}() is what triggers run ({', '.join(callers)}): from the"
            " commit on every write to their tables runs the new body, that of the old code as well"
        ),
        instead=(
            "Let the new body bear what the old code writes.",
            "Else make a function with another name and a trigger that calls it, and drop the old"
            " ones when the old code is gone.",
        ),
    )


def _ask(situation: Situation) -> Iterator[Question]:
    """Which triggers call it, of whatever table: a trigger's function has no arguments."""
    statement = situation.statement
    if statement.kind is Kind.CREATE_FUNCTION and statement.replaces:
        function = literal(f"{statement.name}()")
        yield Question(
            code=CODE,
            table="",
            sql=(
                "SELECT quote_ident(tgname) || ' on ' || tgrelid::regclass FROM pg_trigger"
                f" WHERE tgfoid = to_regprocedure({function}) AND NOT tgisinternal"
                " ORDER BY 1 LIMIT 3"
            ),
        )


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
    ask=_ask,
)
