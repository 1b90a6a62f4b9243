"""What goes with a column or a table without being named: views, functions, constraints."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Dependent, Table
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, quoted, same, shown, standing

CODE = "SM-H308"
IN_THE_WAY = frozenset(
    {"view", "materialized view", "rule", "function", "policy", "trigger", "publication",
     "generated column"}
)  # fmt: skip
"""What keeps a column from being dropped without CASCADE, and from another type."""
OUTSIDE = frozenset({"view", "materialized view", "function"})
"""What keeps a table from being dropped without CASCADE; the rest is the table's own."""


def dependents(table: Table, column: str) -> list[Dependent]:
    """What uses a column, in the way of changes to it."""
    return [each for each in table.dependents if each.kind in IN_THE_WAY and each.column == column]


def told(each: Dependent) -> str:
    """ "view order_totals"."""
    return f"{each.kind} {each.name}"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None:
        return
    if statement.kind is Kind.DROP_TABLE and statement.cascade:
        for name in statement.tables:
            if dropped := standing(situation.database, name):
                yield from _danger(dropped, shown(dropped.name), _with_table(situation, dropped))
    for action in actions(statement, ActionKind.DROP_COLUMN):
        victims = _with_column(situation, table, action)
        yield from _danger(table, f"{quoted(action.name)} of {shown(table.name)}", victims)


def _danger(table: Table, name: str, victims: list[str]) -> Iterator[Danger]:
    if victims:
        yield Danger(
            code=CODE,
            effect=Effect.BREAKS_OLD_CODE,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=(
                f"with {name} go, without a word: {', '.join(victims)}; taking the migration back"
                " does not bring them back"
            ),
            instead=(
                "Write what is still needed anew without it, in RunSQL before this operation.",
                "Drop the rest there by name, so that the migration says so.",
            ),
            phase=Phase.CONTRACT,
        )


def _with_table(situation: Situation, table: Table) -> list[str]:
    names = {told(each) for each in table.dependents if each.kind in OUTSIDE}
    return [*sorted(names), *_foreign_keys(situation, table, None)]


def _with_column(situation: Situation, table: Table, action: Action) -> list[str]:
    """Constraints and indexes over several columns go even without CASCADE."""
    found = [told(each) for each in dependents(table, action.name)] if action.cascade else []
    owned = {constraint.name for constraint in table.constraints}
    found += [
        f"constraint {quoted(each.name)}"
        for each in table.constraints
        if action.name in each.columns and len(each.columns) > 1
    ]
    found += [
        f"index {quoted(each.name)}"
        for each in table.indexes
        if each.name not in owned
        and (action.name in each.uses or (action.name in each.columns and len(each.columns) > 1))
    ]
    if action.cascade:
        found += _foreign_keys(situation, table, action.name)
    return list(dict.fromkeys(found))


def _foreign_keys(situation: Situation, table: Table, column: str | None) -> list[str]:
    """Of other tables, to this one; for a column those to a key that it is part of."""
    keys = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    if column is not None and not any(
        column in each.columns and each.kind in keys for each in table.constraints
    ):
        return []
    return [
        f"foreign key {quoted(constraint.name)} of {shown(other.name)}"
        for name in table.referenced_by
        if (other := standing(situation.database, name)) and other.name != table.name
        for constraint in other.constraints
        if constraint.kind is ConstraintKind.FOREIGN_KEY
        and same(situation.database, constraint.references, table.name)
    ]


HAZARD = Hazard(
    code=CODE,
    title="Dropped along by CASCADE",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "Django drops columns and tables with CASCADE: views, materialised views, functions,"
        " policies, triggers, generated columns and foreign keys that use them go too, without a"
        " word, and so do constraints and indexes over several columns even without CASCADE."
        " Nothing in the migration names them, and its reverse does not bring them back."
    ),
    remedy="Drop or rewrite them by name in the migration, before the operation.",
    find=_find,
)
