"""DROP TABLE locks every table that a foreign key joins it to, all at once."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ConstraintKind, Kind
from safe_migrate.hazards import steps as safe
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import by_steps
from safe_migrate.hazards.words import BRIEF_MS, literal, same, shown, standing

CODE = "SM-H307"


def _find(situation: Situation) -> Iterator[Danger]:
    table = _dropped(situation)
    if table is None:
        return
    keys = _foreign_keys(situation, table)
    others = tuple(dict.fromkeys(other for _, _, other in keys))
    if not others:
        return
    yield Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=others[0],
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"dropping {shown(table.name)} locks {' and '.join(shown(name) for name in others)}"
            " as well, because of foreign keys: reads and writes of all of them queue behind it"
        ),
        held_ms=BRIEF_MS,
        instead=("Drop the foreign keys first, each in a transaction of its own.",),
        code_instead=by_steps(situation, _rewrite(situation)),
        phase=Phase.CONTRACT,
    )


def _dropped(situation: Situation) -> Table | None:
    statement = situation.statement
    if statement.kind is not Kind.DROP_TABLE or len(statement.tables) != 1:
        return None
    return standing(situation.database, statement.table)


def _foreign_keys(situation: Situation, table: Table) -> list[tuple[str, str, str]]:
    """The table that has it, its name, and the table beside the one dropped that it locks."""
    database = situation.database
    found = [
        (situation.statement.table, constraint.name, constraint.references)
        for constraint in table.constraints
        if constraint.kind is ConstraintKind.FOREIGN_KEY
        and not same(database, constraint.references, table.name)
    ]
    for name in table.referenced_by:
        other = standing(database, name)
        if other is None or other.name == table.name:
            continue
        found += [
            (other.name, constraint.name, other.name)
            for constraint in other.constraints
            if constraint.kind is ConstraintKind.FOREIGN_KEY
            and same(database, constraint.references, table.name)
        ]
    return [(owner, key, other) for owner, key, other in found if standing(database, other)]


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    table = _dropped(situation)
    keys = _foreign_keys(situation, table) if table else []
    if table is None or not keys:
        return ()
    drop = safe.brief(
        situation.statement.sql.rstrip("; \n"),
        f"SELECT to_regclass({literal(situation.statement.table)}) IS NULL",
    )
    return (*(safe.dropped_constraint(owner, key) for owner, key, _ in keys), drop)


HAZARD = Hazard(
    code=CODE,
    title="Related tables locked",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.QUEUE,),
    why=(
        "The triggers behind a foreign key stand on both of its tables, so dropping one table takes"
        " ACCESS EXCLUSIVE on every table that it points to or that points to it: five were seen"
        " for one DeleteModel. They are waited for one after the other, while those already"
        " obtained are held: everybody queues, and requests that use them in another order end in"
        " a deadlock."
    ),
    remedy="Drop the foreign keys one by one, then the table.",
    find=_find,
    rewrite=_rewrite,
)
