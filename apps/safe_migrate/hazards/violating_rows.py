"""Rows for which a check that is to be added does not hold. Asked of the data."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Question, Situation
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind
from safe_migrate.hazards.asked import EXAMPLES, answer, examples, rows_where
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, added_columns, shown, standing

CODE = "SM-H122"


def _asked(situation: Situation) -> Iterator[tuple[Constraint, Question]]:
    """A check holds where it is true or NULL (manual, 5.5.1)."""
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None or table.assumed:
        return
    # Its columns are not told, so it is not asked where the transaction has added any.
    if added_columns(situation, statement.table):
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added and added.kind is ConstraintKind.CHECK and not added.not_valid:
            yield added, rows_where(CODE, table, f"NOT ({added.expression})")


def _ask(situation: Situation) -> Iterator[Question]:
    return (question for _, question in _asked(situation))


def _find(situation: Situation) -> Iterator[Danger]:
    for added, question in _asked(situation):
        found = answer(situation, question)
        if not found:
            continue
        name = f' "{added.name}"' if added.name else ""
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=question.table,
            lock=Lock.NONE,
            what=f"it fails: the check{name} ({added.expression}) does not hold for"
            f" {shown(question.table)} {examples(found)}",
            instead=(
                "Change these rows in a migration before this one, or the check.",
                "Deploy code that writes no more of them first.",
            ),
            code_instead=f"-- all of them\n{question.sql.removesuffix(f' LIMIT {EXAMPLES}')}",
            phase=Phase.SPLIT,
            examples=found,
        )


HAZARD = Hazard(
    code=CODE,
    title="Rows against the check",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why="ADD CONSTRAINT … CHECK fails with 23514 at the first row for which it is false, after the"
    " rows before it were read under ACCESS EXCLUSIVE. Added NOT VALID it is there, but VALIDATE"
    " fails, and every later UPDATE of such a row fails as well.",
    remedy="Change the rows in a migration of its own, and deploy code that writes no more of"
    " them, before the check.",
    find=_find,
    ask=_ask,
)
