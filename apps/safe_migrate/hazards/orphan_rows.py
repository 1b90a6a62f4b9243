"""Rows that point to none in the table of a foreign key that is to be added. Asked of the data."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Question, Situation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind
from safe_migrate.hazards.asked import EXAMPLES, answer, examples, rows_where
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, added_columns, quoted, shown, standing

CODE = "SM-H123"


def _asked(situation: Situation) -> Iterator[tuple[Constraint, Question]]:
    """A row with a NULL in any of the columns points to nothing, and may (MATCH SIMPLE)."""
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None or table.assumed:
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added is None or added.kind is not ConstraintKind.FOREIGN_KEY or added.not_valid:
            continue
        if {*added.columns} & added_columns(situation, statement.table):
            continue
        if condition := _orphans(database, table, added):
            yield added, rows_where(CODE, table, condition)


def _orphans(database: Database, table: Table, added: Constraint) -> str:
    parent = database.table(added.references)
    columns = added.referenced_columns or _primary_key(parent)
    if parent is None or len(columns) != len(added.columns):
        return ""
    own = [f"{table.name}.{quoted(column)}" for column in added.columns]
    pairs = zip((f"p.{quoted(column)}" for column in columns), own, strict=True)
    there = " AND ".join(f"{theirs} = {ours}" for theirs, ours in pairs)
    given = " AND ".join(f"{column} IS NOT NULL" for column in own)
    return f"{given} AND NOT EXISTS (SELECT FROM {parent.name} AS p WHERE {there})"


def _primary_key(table: Table | None) -> tuple[str, ...]:
    for constraint in table.constraints if table else ():
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            return constraint.columns
    return ()


def _ask(situation: Situation) -> Iterator[Question]:
    return (question for _, question in _asked(situation))


def _find(situation: Situation) -> Iterator[Danger]:
    for added, question in _asked(situation):
        found = answer(situation, question)
        if not found:
            continue
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=question.table,
            lock=Lock.NONE,
            what=f"it fails: {', '.join(quoted(name) for name in added.columns)} of"
            f" {shown(question.table)} {examples(found)} points to no row of"
            f" {shown(added.references)}",
            instead=(
                "Delete these rows, or set their column to NULL, in a migration before this one.",
                "Deploy code that writes no more of them first.",
            ),
            code_instead=f"-- all of them\n{question.sql.removesuffix(f' LIMIT {EXAMPLES}')}",
            phase=Phase.SPLIT,
            examples=found,
        )


HAZARD = Hazard(
    code=CODE,
    title="Rows that point to none",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why="A foreign key that is added to rows which point to nothing fails with 23503: after a"
    " column was kept with db_constraint=False, or when a ForeignKey gets another target and the"
    " old values stay in the column.",
    remedy="Delete the rows or mend what they point to in a migration of its own, before the"
    " foreign key. A new target needs a new column, filled from the old one.",
    find=_find,
    ask=_ask,
)
