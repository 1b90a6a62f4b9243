"""Rows that are alike in what is to be unique: the index cannot be built. Asked of the data."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Question, Situation
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind, Kind
from safe_migrate.hazards.asked import EXAMPLES, answer, examples
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, added_columns, quoted, shown, standing

CODE = "SM-H121"
UNIQUE = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)


def _ask(situation: Situation) -> Iterator[Question]:
    """Values that are there more than once; the keys of an index are asked as they are written."""
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None or table.assumed:
        return
    if statement.kind is Kind.CREATE_INDEX and statement.unique:
        columns = {column.name for column in statement.columns}
        if not columns & added_columns(situation, statement.table):
            alike = statement.nulls_not_distinct
            yield _question(table.name, statement.keys, statement.condition, alike)
    for added in _added(situation):
        if not {*added.columns} & added_columns(situation, statement.table):
            keys = tuple(quoted(column) for column in added.columns)
            yield _question(table.name, keys, "", added.nulls_not_distinct)


def _added(situation: Situation) -> Iterator[Constraint]:
    for action in actions(situation.statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added and added.kind in UNIQUE and added.columns and not added.using_index:
            yield added


def _question(table: str, keys: tuple[str, ...], condition: str, nulls_alike: bool) -> Question:
    """NULLs are all different, unless the index says otherwise (manual, CREATE INDEX)."""
    bracketed = [f"({key})" for key in keys]
    conditions = [f"({condition})"] if condition else []
    if not nulls_alike:
        conditions += [f"{key} IS NOT NULL" for key in bracketed]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    told = " || ', ' || ".join(f"coalesce({key}::text, 'NULL')" for key in bracketed)
    return Question(
        code=CODE,
        table=table,
        sql=f"SELECT {told} FROM {table}{where} GROUP BY {', '.join(bracketed)}"
        f" HAVING count(*) > 1 LIMIT {EXAMPLES}",
    )


def _find(situation: Situation) -> Iterator[Danger]:
    for question in _ask(situation):
        found = answer(situation, question)
        if not found:
            continue
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=question.table,
            lock=Lock.NONE,
            what=f"it fails: {shown(question.table)} has more than one row with"
            f" {_what(situation)} = {examples(found)}",
            instead=(
                "Merge or change these rows in a migration before this one.",
                "Deploy code that writes no more of them first.",
            ),
            code_instead=f"-- all of them\n{_all(question)}",
            phase=Phase.SPLIT,
            examples=found,
        )


def _what(situation: Situation) -> str:
    """The keys in words: (customer_id, number)."""
    keys = situation.statement.keys or next(
        (tuple(quoted(name) for name in added.columns) for added in _added(situation)), ()
    )
    return keys[0] if len(keys) == 1 else f"({', '.join(keys)})"


def _all(question: Question) -> str:
    return question.sql.removesuffix(f" LIMIT {EXAMPLES}")


HAZARD = Hazard(
    code=CODE,
    title="Duplicates among the rows",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why="A unique constraint or index cannot be built over rows that are alike in its columns: the"
    " migration fails with 23505, after it has held its lock while it read the table. Built"
    " concurrently it leaves an invalid index behind. An empty test database never shows it.",
    remedy="Find the rows that are alike, merge or change them in a migration of its own, and"
    " deploy code that writes no more of them, before the constraint.",
    find=_find,
    ask=_ask,
)
