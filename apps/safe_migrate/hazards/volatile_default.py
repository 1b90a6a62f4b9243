"""ADD COLUMN with a default that differs from row to row: the table is written anew."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, Column, Volatility
from safe_migrate.hazards import steps as safe
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import whole_number_key
from safe_migrate.hazards.code import by_steps, in_batches, operations, run_sql
from safe_migrate.hazards.rewriting import rewrite_ms
from safe_migrate.hazards.words import actions, lasting, quoted, rows_ms, shown, size, standing

CODE = "SM-H204"
_RANDOM, _COMPUTED = 1.6, 0.4


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ADD_COLUMN):
        column = action.column
        if column is None or column.generated or not _differs(column):
            continue
        costs = situation.database.costs
        milliseconds = rewrite_ms(table, costs)
        milliseconds += rows_ms(table, _call(column) * costs.rewrite)
        steps = _rewrite(situation)
        yield Danger(
            code=CODE,
            effect=Effect.REWRITE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"{shown(table.name)} ({size(table)}) is written anew, because the default of"
                f" {quoted(column.name)}{_named(column)} is another for each row: reads and writes"
                f" wait {lasting(table, milliseconds)}"
            ),
            held_ms=None if table.assumed else milliseconds,
            instead=(
                "Add the column without the default, which takes a millisecond.",
                "Set the default: it holds for new rows.",
                "Fill in the rows that are there, in batches; then make it NOT NULL.",
            ),
            code_instead=_code(situation, table, steps) if steps else "",
            phase=Phase.EXPAND,
        )


def _call(column: Column) -> float:
    """What a value costs, of what writing a row does: random bytes are asked of the system."""
    return _RANDOM if "gen_random_uuid" in column.default.lower() else _COMPUTED


def _code(situation: Situation, table: Table, steps: tuple[Step, ...]) -> str:
    """Three migrations: what is there before the batches, the batches, what comes after them."""
    added, default, filled, *rest = steps
    parts = [
        by_steps(situation, (added, default)),
        "# the next migration",
        in_batches(filled, table.name, quoted(whole_number_key(table))),
    ]
    if rest:
        after = (run_sql(step.sql, step.reverse) for step in rest)
        parts += ["# the one after", operations(*after, atomic=False)]
    return "\n".join(parts)


def _differs(column: Column) -> bool:
    return column.identity or (bool(column.default) and column.volatility is Volatility.VOLATILE)


def _named(column: Column) -> str:
    return "" if column.identity else f", {column.default},"


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    table = standing(situation.database, situation.statement.table)
    if table is None or len(situation.statement.actions) != 1:
        return ()
    [action] = situation.statement.actions
    column, key = action.column, whole_number_key(table)
    # A constraint beside the column, and a sequence of its own, are more than these steps make.
    if column is None or column.identity or column.constraints or not key:
        return ()
    if column.generated or not _differs(column) or column.default.startswith("nextval"):
        return ()
    return (*_filled(situation.statement.table, column, key), *_required(situation, table, column))


def _filled(name: str, column: Column, key: str) -> tuple[Step, ...]:
    own = quoted(column.name)
    collation = f" COLLATE {quoted(column.collation)}" if column.collation else ""
    return (
        safe.brief(
            f"ALTER TABLE {name} ADD COLUMN {own} {column.type}{collation}",
            safe.column_is(name, column.name, "true"),
            f"ALTER TABLE {name} DROP COLUMN {own}",
        ),
        safe.brief(
            f"ALTER TABLE {name} ALTER COLUMN {own} SET DEFAULT {column.default}",
            safe.column_is(name, column.name, "atthasdef"),
            f"ALTER TABLE {name} ALTER COLUMN {own} DROP DEFAULT",
        ),
        Step(
            sql=f"UPDATE {name} SET {own} = DEFAULT WHERE {own} IS NULL".replace("%", "%%")
            + f" AND {quoted(key)} BETWEEN %(first)s AND %(last)s",
            lock=Lock.ROW_EXCLUSIVE,
            batched=True,
        ),
    )


def _required(situation: Situation, table: Table, column: Column) -> tuple[Step, ...]:
    if not column.not_null:
        return ()
    name, own = situation.statement.table, quoted(column.name)
    # It is dropped again: its name only has to be free, and short enough.
    check = f"{column.name[:20]}_is_there"
    return (
        safe.not_valid(
            name,
            check,
            f"CHECK ({own} IS NOT NULL)",
            Lock.ACCESS_EXCLUSIVE,
            for_a_while=True,
        ),
        safe.validate(name, check),
        safe.brief(
            f"ALTER TABLE {name} ALTER COLUMN {own} SET NOT NULL",
            safe.column_is(name, column.name, "attnotnull"),
            f"ALTER TABLE {name} ALTER COLUMN {own} DROP NOT NULL",
        ),
        safe.dropped_constraint(name, check),
    )


HAZARD = Hazard(
    code=CODE,
    title="Volatile default of new column",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.REWRITE,),
    why=(
        "A default that is the same for every row, now() among them, is kept in the catalog and"
        " costs nothing. One that differs from row to row, such as gen_random_uuid(), a sequence"
        " or an identity, has to be computed for each: PostgreSQL writes the table and its indexes"
        " anew while everybody waits."
    ),
    remedy="Add the column, set its default, fill it in batches, make it NOT NULL by a check.",
    find=_find,
    rewrite=_rewrite,
)
