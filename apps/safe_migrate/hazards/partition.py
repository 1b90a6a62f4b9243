"""Partitions made, attached and detached."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Action, ActionKind, ConstraintKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, lasting, rows_ms, shown, size, standing

CODE = "SM-H420"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is Kind.CREATE_TABLE and statement.partition_of:
        yield from _created(situation)
    for action in actions(statement, ActionKind.ATTACH_PARTITION):
        yield from _attached(situation, action)
    for action in actions(statement, ActionKind.DETACH_PARTITION):
        yield from _detached(situation, action)


def _created(situation: Situation) -> Iterator[Danger]:
    parent = standing(situation.database, situation.statement.partition_of)
    if parent is None:
        return
    of, child = shown(parent.name), shown(situation.statement.table)
    yield Danger(
        code=CODE,
        effect=Effect.QUEUE,
        table=parent.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"CREATE TABLE … PARTITION OF needs ACCESS EXCLUSIVE on {of}, and reads a default"
            " partition to its end where there is one: reads and writes of all partitions wait"
        ),
        instead=(
            "Create it as a table, then attach it: that lets reads and writes of the others go on.",
        ),
        code_instead=_operations(
            f"CREATE TABLE {child} (LIKE {of} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
            f"ALTER TABLE {of} ATTACH PARTITION {child} FOR VALUES …",
        ),
        phase=Phase.EXPAND,
    )


def _attached(situation: Situation, action: Action) -> Iterator[Danger]:
    child = standing(situation.database, action.name)
    if child is None or _proved(child):
        return
    held = rows_ms(child, situation.database.costs.scan)
    name, of = shown(child.name), shown(situation.statement.table)
    yield Danger(
        code=CODE,
        effect=Effect.SCAN,
        table=child.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"Every row of {name} ({size(child)}) is read under ACCESS EXCLUSIVE before it becomes"
            f" a partition of {of}: reads and writes of it wait {lasting(child, held)}, and those"
            " of a default partition as long as that is read"
        ),
        held_ms=None if child.assumed else held,
        instead=(
            "Give it a CHECK named bounds that says what the partition's bounds say, NOT VALID, and"
            " validate that: ATTACH then reads nothing.",
        ),
        code_instead=_operations(
            f"ALTER TABLE {name} ADD CONSTRAINT bounds CHECK (…) NOT VALID",
            f"ALTER TABLE {name} VALIDATE CONSTRAINT bounds",
            f"ALTER TABLE {of} ATTACH PARTITION {name} FOR VALUES …",
            f"ALTER TABLE {name} DROP CONSTRAINT bounds",
        ),
    )


def _proved(child: Table) -> bool:
    """Whether a check that was validated is said to be the bounds; by its name, nothing is read."""
    return any(
        constraint.kind is ConstraintKind.CHECK
        and constraint.validated
        and f"_{constraint.name}".endswith("_bounds")
        for constraint in child.constraints
    )


def _detached(situation: Situation, action: Action) -> Iterator[Danger]:
    parent = standing(situation.database, situation.statement.table)
    if parent is None:
        return
    name, of = shown(action.name), shown(parent.name)
    yield Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=parent.name,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE if action.concurrent else Lock.ACCESS_EXCLUSIVE,
        what=f"The rows of {name} are no rows of {of} any more: code that asks for them finds none",
        instead=("Detach what no code asks for any more.",),
        code_instead=(
            ""
            if action.concurrent
            else _operations(f"ALTER TABLE {of} DETACH PARTITION {name} CONCURRENTLY")
        ),
        phase=Phase.CONTRACT,
    )


def _operations(*statements: str) -> str:
    runs = "\n".join(f"    migrations.RunSQL({each!r})," for each in statements)
    return f"atomic = False\noperations = [\n{runs}\n]"


HAZARD = Hazard(
    code=CODE,
    title="Partitions change",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN, Effect.QUEUE, Effect.BREAKS_OLD_CODE),
    why=(
        "A partition that is created in place, or detached, locks the whole partitioned table"
        " against readers. One that is attached is read to its end first, unless a CHECK already"
        " proves that its rows belong there."
    ),
    remedy="Create, check and validate, then attach; DETACH … CONCURRENTLY.",
    find=_find,
)
