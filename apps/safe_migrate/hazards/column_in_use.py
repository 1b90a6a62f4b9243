"""A change to a column, or a drop, that PostgreSQL refuses because something else uses it."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Dependent, Table
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.cascade import OUTSIDE, dependents, told
from safe_migrate.hazards.code import as_it_is, operations, run_sql
from safe_migrate.hazards.words import actions, quoted, shown, standing

CODE = "SM-H310"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None:
        return
    if statement.kind is Kind.DROP_TABLE and not statement.cascade:
        users = [each for each in table.dependents if each.kind in OUTSIDE]
        yield from _danger(situation, table, f"{shown(table.name)} cannot be dropped", users)
    for action in actions(statement, ActionKind.ALTER_TYPE, ActionKind.DROP_COLUMN):
        if action.cascade:
            continue
        users = dependents(table, action.name)
        done = "dropped" if action.kind is ActionKind.DROP_COLUMN else "given another type"
        name = f"{quoted(action.name)} of {shown(table.name)}"
        yield from _danger(situation, table, f"column {name} cannot be {done}", users)


def _danger(
    situation: Situation, table: Table, refused: str, users: list[Dependent]
) -> Iterator[Danger]:
    if not users:
        return
    names = ", ".join(dict.fromkeys(told(each) for each in users))
    yield Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=f"{refused}, nor its own anew, while this uses it: {names}"
        if refused.endswith("type")
        else f"{refused} while this uses it: {names}",
        instead=("Drop what uses it before this operation, and make it anew after it.",),
        code_instead=_code(situation, users),
    )


def _code(situation: Situation, users: list[Dependent]) -> str:
    views = [each for each in users if each.kind in ("view", "materialized view")]
    if not views:
        return ""
    names = dict.fromkeys((each.kind.upper(), each.name) for each in views)
    made = [(f"DROP {kind} {name}", f"CREATE {kind} {name} AS …") for kind, name in names]
    return operations(
        *(run_sql(drop, create) for drop, create in made),
        as_it_is(situation.operation),
        *(run_sql(create, drop) for drop, create in reversed(made)),
    )


HAZARD = Hazard(
    code=CODE,
    title="Column used by others",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.FAILS,),
    why=(
        "PostgreSQL refuses to change the type of a column that a view, a rule, a function with a"
        " parsed body, a policy, a trigger, a publication or a generated column uses"
        " (FeatureNotSupported), even to the type that it has: db_comment is enough. It refuses to"
        " drop one without CASCADE. On a development database without that view it works."
    ),
    remedy="Drop the dependent object, change the column, make it anew: in one migration.",
    find=_find,
)
