"""ALTER COLUMN TYPE that writes every row anew."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind
from safe_migrate.hazards.altered import altered, changed
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.column_types import Change
from safe_migrate.hazards.fields import add_field, old_type
from safe_migrate.hazards.fitting import alike, misfits
from safe_migrate.hazards.rewriting import rewrite_ms
from safe_migrate.hazards.words import actions, lasting, quoted, rows_ms, shown, size, standing

CODE = "SM-H206"


def _find(situation: Situation) -> Iterator[Danger]:
    table = standing(situation.database, situation.statement.table)
    if table is None:
        return
    for action in actions(situation.statement, ActionKind.ALTER_TYPE):
        if changed(situation, action) is not Change.REWRITE:
            continue
        milliseconds = _milliseconds(situation, table, action)
        yield Danger(
            code=CODE,
            effect=Effect.REWRITE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"{shown(table.name)} ({size(table)}) and its indexes are written anew, because"
                f" {quoted(action.name)} goes from {altered(situation, action)}: reads and writes"
                f" wait {lasting(table, milliseconds)}"
            ),
            held_ms=None if table.assumed else milliseconds,
            instead=_instead(situation, action),
            code_instead=_code(situation),
            phase=_phase(situation, action),
        )


def _phase(situation: Situation, action: Action) -> Phase:
    """The new code may count on a type that takes more; what takes less is told by others."""
    old, new = old_type(situation, action), action.column.type if action.column else ""
    if not old or not new or not alike(old, new):
        return Phase.ANY
    lost = misfits(action.name, old, new, cast=bool(action.using), major=situation.database.major)
    return Phase.ANY if any(lost) or old == new else Phase.EXPAND


def _milliseconds(situation: Situation, table: Table, action: Action) -> float:
    """The table is written, and foreign keys from and to the column are checked again."""
    database = situation.database
    total = rewrite_ms(table, database.costs)
    own = [c for c in table.constraints if action.name in c.columns]
    total += sum(
        rows_ms(table, database.costs.foreign_key)
        for constraint in own
        if constraint.kind is ConstraintKind.FOREIGN_KEY
    )
    # A foreign key to it points to a key of it.
    keys = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    if any(constraint.kind in keys for constraint in own):
        for name in table.referenced_by:
            if other := standing(database, name):
                total += rows_ms(other, database.costs.foreign_key)
    return total


def _instead(situation: Situation, action: Action) -> tuple[str, ...]:
    old = old_type(situation, action)
    first: tuple[str, ...] = ()
    if old.startswith("character varying") or old == "text":
        first = ("To limit a length, keep the type and add a CHECK on it: no row is written.",)
    return (
        *first,
        f"Add a second column of the new type beside {quoted(action.name)}; let a trigger, or the"
        " code, write both.",
        "Fill it in batches, build its indexes concurrently.",
        "Read from it; when no code uses the old column, drop that.",
    )


def _code(situation: Situation) -> str:
    operation, after = situation.operation, situation.operation.after
    if operation.kind != "AlterField" or after is None or after.primary_key:
        return ""
    name = f"{after.name}_new"
    renamed = add_field(operation, after, null="True", default="", db_index="", unique="")
    return renamed.replace(f'name="{after.name}"', f'name="{name}"', 1)


HAZARD = Hazard(
    code=CODE,
    title="Type change writes table anew",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.REWRITE,),
    why=(
        "Where the bytes of the old type are not those of the new, PostgreSQL computes every row"
        " again, writes the table and all of its indexes anew, and checks its foreign keys, while"
        " everybody waits: integer to bigint, a shorter varchar, another scale of a numeric, date"
        " to timestamp. It needs the table's size once more on disk. A longer varchar, varchar to"
        " text and a numeric of more digits at the same scale cost nothing."
    ),
    remedy="A second column, kept in step by a trigger, filled in batches, then taken into use.",
    find=_find,
)
