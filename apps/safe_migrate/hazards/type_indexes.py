"""ALTER COLUMN TYPE that leaves the rows and builds the column's indexes anew."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind
from safe_migrate.hazards.altered import changed
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.column_types import Change
from safe_migrate.hazards.words import actions, lasting, quoted, rows_ms, shown, size, standing

CODE = "SM-H207"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        known = changed(situation, action)
        rebuilt = _rebuilt(table, action.name, all_of=known is Change.INDEXES)
        if known not in (Change.INDEXES, Change.NONE) or not rebuilt:
            continue
        milliseconds = len(rebuilt) * rows_ms(table, situation.database.costs.index)
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"{_named(rebuilt)} on {quoted(action.name)} of {shown(table.name)} ({size(table)})"
                f" {'is' if len(rebuilt) == 1 else 'are'} built anew: reads and writes wait"
                f" {lasting(table, milliseconds)}"
            ),
            held_ms=None if table.assumed else milliseconds,
            instead=(
                "Name the collation in the queries that need it: Collate() and order_by() do."
                if action.column and action.column.collation
                else "Leave the type, and change it when the table is small.",
                "Or add a second column, fill it in batches, build its indexes concurrently.",
                "Or drop the index concurrently before, and build it concurrently afterwards,"
                " where queries and constraints can do without it meanwhile.",
            ),
        )


def _rebuilt(table: Table, column: str, *, all_of: bool) -> tuple[str, ...]:
    """Those whose expression or predicate uses the column are built anew by every such change."""
    if table.assumed and all_of:
        return ("",)
    return tuple(
        index.name
        for index in table.indexes
        if column in index.uses or (all_of and column in index.columns)
    )


def _named(names: tuple[str, ...]) -> str:
    if names == ("",):
        return "every index"
    word = "index" if len(names) == 1 else "indexes"
    return f"{word} {' and '.join(quoted(name) for name in names)}"


HAZARD = Hazard(
    code=CODE,
    title="Indexes built anew",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why=(
        "Another collation sorts otherwise, and so do some types whose bytes are the same: the rows"
        " stay as they are, but every index on the column is built anew while everybody waits. An"
        " index over an expression, or with a condition, on the column is built anew by every"
        " ALTER COLUMN TYPE, even to the type that it has, which Django writes for db_comment."
    ),
    remedy="Name the collation in the query, or add a second column with its own indexes.",
    find=_find,
)
