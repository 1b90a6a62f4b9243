"""NULLs in a column that is to be NOT NULL. Asked of the data."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Question, Situation
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind
from safe_migrate.hazards.asked import EXAMPLES, answer, examples, rows_where
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, added_columns, quoted, same, shown, standing

CODE = "SM-H124"


def _asked(situation: Situation) -> Iterator[tuple[str, Question]]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None or table.assumed:
        return
    for name in _required(situation):
        known = table.columns.get(name)
        if (known and known.not_null) or name in added_columns(situation, statement.table):
            continue
        if not _filled(situation, name):
            yield name, rows_where(CODE, table, f"{quoted(name)} IS NULL")


def _required(situation: Situation) -> Iterator[str]:
    kinds = (ActionKind.SET_NOT_NULL, ActionKind.ADD_CONSTRAINT)
    for action in actions(situation.statement, *kinds):
        added = action.constraint
        if added is None:
            yield action.name
        elif added.kind is ConstraintKind.PRIMARY_KEY or (
            added.kind is ConstraintKind.NOT_NULL and not added.not_valid
        ):
            yield from added.columns


def _filled(situation: Situation, column: str) -> bool:
    """Whether the transaction has filled them: AlterField does so where there is a default."""
    return any(
        earlier.kind is Kind.UPDATE
        and same(situation.database, earlier.table, situation.statement.table)
        and any(each.name == column for each in earlier.columns)
        for earlier in situation.earlier
    )


def _ask(situation: Situation) -> Iterator[Question]:
    return (question for _, question in _asked(situation))


def _find(situation: Situation) -> Iterator[Danger]:
    for column, question in _asked(situation):
        found = answer(situation, question)
        if not found:
            continue
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=question.table,
            lock=Lock.NONE,
            what=f"it fails: {quoted(column)} is NULL in {shown(question.table)} {examples(found)}",
            instead=(
                "Fill these rows in a migration before this one.",
                "Deploy code that writes a value first.",
            ),
            code_instead=f"-- all of them\n{question.sql.removesuffix(f' LIMIT {EXAMPLES}')}",
            phase=Phase.SPLIT,
            examples=found,
        )


HAZARD = Hazard(
    code=CODE,
    title="NULLs among the rows",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why="SET NOT NULL fails with 23502 where the column is NULL in any row, after the table was"
    " read under ACCESS EXCLUSIVE. An empty test database never shows it, and the old code may"
    " write another NULL at any time.",
    remedy="Deploy code that always writes a value, then fill the rows in a migration of its own,"
    " then require it.",
    find=_find,
    ask=_ask,
)
