"""A rule for columns that are there: the old code does not know it, and what breaks it fails."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, added_columns, quoted, shown, standing

CODE = "SM-H125"
ASKED = ("SM-H121", "SM-H122", "SM-H123")
TELLING_ROWS = 1000
"""So many rows of which none breaks the rule: then neither does the code that wrote them."""


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None or _kept_so_far(situation, table):
        return
    for who in _broken_by(situation, table):
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table.name,
            lock=Lock.NONE,
            what=f"the old code may {who}: that fails from then on",
            instead=(
                "Deploy code that keeps the rule first, then run this migration: not before the"
                " old code is gone.",
            ),
            phase=Phase.CONTRACT,
        )


def _kept_so_far(situation: Situation, table: Table) -> bool:
    """Whether the data was asked, and enough of it keeps the rule."""
    answers = [keys for asked, keys in situation.answers if asked.code in ASKED]
    return bool(answers) and not any(answers) and table.rows >= TELLING_ROWS


def _broken_by(situation: Situation, table: Table) -> Iterator[str]:
    statement = situation.statement
    added = added_columns(situation, statement.table)
    if statement.kind is Kind.CREATE_INDEX and statement.unique:
        if not added & {column.name for column in statement.columns}:
            where = f" where {statement.condition}" if statement.condition else ""
            keys = ", ".join(statement.keys)
            yield f"write rows of {shown(table.name)} that are alike in {keys}{where}"
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        constraint = action.constraint
        if constraint and not constraint.using_index and not _of_new(constraint, added):
            yield from _words(constraint, table)


def _of_new(constraint: Constraint, added: set[str]) -> bool:
    """Whether it is for a column of this transaction, which the old code does not write."""
    mentioned = constraint.expression.replace('"', " ").replace("(", " ").split()
    return bool(added & {*constraint.columns, *mentioned})


def _words(constraint: Constraint, table: Table) -> Iterator[str]:
    columns = ", ".join(quoted(column) for column in constraint.columns)
    name = shown(table.name)
    if constraint.kind is ConstraintKind.UNIQUE:
        yield f"write rows of {name} that are alike in {columns}"
    elif constraint.kind is ConstraintKind.CHECK:
        yield f"write rows of {name} for which {constraint.expression} is false"
    elif constraint.kind is ConstraintKind.EXCLUSION:
        yield f'write rows of {name} that "{constraint.name}" excludes'
    elif constraint.kind is ConstraintKind.FOREIGN_KEY:
        yield f"write {columns} of {name} that {shown(constraint.references)} does not have"


HAZARD = Hazard(
    code=CODE,
    title="Rule that old code breaks",
    lock=Lock.NONE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why="A unique constraint, a check or a foreign key on columns that are there holds from the"
    " moment it is added, NOT VALID or not. The old code still runs then, and what it writes"
    " against the rule fails with an IntegrityError. It is not told of a table with 1,000 rows or"
    " more of which none breaks the rule.",
    remedy="Deploy code that keeps the rule first; add the rule when the old code is gone.",
    find=_find,
)
