"""How many rows a statement or a program changes, and how long that takes. Pure."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Question, Situation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import ConstraintKind, Kind, Statement
from safe_migrate.hazards.words import rows_ms, standing

CHANGES = (Kind.DELETE, Kind.INSERT, Kind.MERGE, Kind.UPDATE)
# Of tables that were never analysed the statistics tell.
_ALL_ROWS = """
    SELECT coalesce(sum(greatest(c.reltuples, s.n_live_tup, 0)), 0)::int8
    FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND c.relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])
"""
_WHOLE_NUMBERS = ("smallint", "integer", "bigint")


def unbounded(statement: Statement, database: Database) -> Table | None:
    """The table whose rows decide how long a change takes; None where it names a few of them.

    A change is bounded by a LIMIT, or by values for a column in which each is there once.
    """
    if statement.kind not in CHANGES or "limit" in statement.bounded_by:
        return None
    if statement.kind in (Kind.INSERT, Kind.MERGE):
        sources = [found for name in statement.reads if (found := standing(database, name))]
        table = max(sources, key=lambda source: source.rows, default=None)
    else:
        table = standing(database, statement.table)
    if table is None or set(statement.bounded_by) & unique_columns(table):
        return None
    return table


def change_ms(statement: Statement, table: Table, database: Database) -> float:
    """What changing every row takes: measured with 1, 2, 4 and 8 indexes on PostgreSQL 18.

    Most of an INSERT or UPDATE goes into the indexes, since there is seldom room in a full page
    for the new version of a row; a DELETE leaves them alone. Each foreign key's check is a trigger.
    """
    target = standing(database, statement.table) or table
    update = rows_ms(table, database.costs.update)
    indexes = index_count(target)
    if statement.kind is Kind.DELETE:
        return update * (0.13 + 2.1 * len(target.referenced_by))
    if statement.kind is Kind.INSERT:
        keys = [c for c in target.constraints if c.kind is ConstraintKind.FOREIGN_KEY]
        return update * (0.2 + 0.28 * indexes + 1.3 * len(keys))
    return update * (0.5 + 0.8 * indexes)


def index_count(table: Table) -> int:
    """How many indexes a table has; where only constraints are known, those that have one."""
    keys = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    return len(table.indexes) or max(1, sum(c.kind in keys for c in table.constraints))


def unique_columns(table: Table) -> set[str]:
    """Columns in which every value is there once; the usual one where nothing is known."""
    keys = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    named = [c.columns for c in table.constraints if c.kind in keys]
    named += [index.columns for index in table.indexes if index.unique and not index.partial]
    return {columns[0] for columns in named if len(columns) == 1} or {"id"}


def whole_number_key(table: Table) -> str:
    """The primary key to go through in ranges; empty where it is no whole number."""
    primary = [c.columns for c in table.constraints if c.kind is ConstraintKind.PRIMARY_KEY]
    primary += [index.columns for index in table.indexes if index.primary]
    name = primary[0][0] if primary and len(primary[0]) == 1 else ""
    if not primary and table.assumed:
        return "id"
    column = table.columns.get(name)
    return name if column and column.type in _WHOLE_NUMBERS else ""


def ask_extent(code: str, situation: Situation) -> Iterator[Question]:
    """How many rows there are at all: more than those a program cannot change."""
    if situation.statement.kind is Kind.CODE and not situation.database.assumed:
        yield Question(code=code, table="", sql=_ALL_ROWS)


def program_ms(situation: Situation) -> float | None:
    """What a program takes at most that changes every row there is; None where it may be long.

    It takes the answer to `ask_extent`.
    """
    database = situation.database
    for question, answer in situation.answers:
        if question.sql == _ALL_ROWS and answer:
            # With four indexes, which are many for an average table.
            milliseconds = int(answer[0]) * database.costs.update * 3.7 / 1000
            return milliseconds if milliseconds < database.budget_ms else None
    return None
