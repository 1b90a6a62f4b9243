"""TRUNCATE, and DELETE without a WHERE: all rows of a table are gone."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import same, shown, size, standing

CODE = "SM-H417"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    truncates = statement.kind is Kind.TRUNCATE
    deletes = statement.kind is Kind.DELETE and not (statement.condition or statement.reads)
    if not (truncates or deletes):
        return
    for name in statement.tables if truncates else (statement.table,):
        if table := standing(database, name):
            yield _lost(statement, table, database)
            if truncates and (refused := _refused(statement, table, database)):
                yield refused


def _lost(statement: Statement, table: Table, database: Database) -> Danger:
    verb, name = statement.kind.upper(), shown(table.name)
    others = _victims(table, database) if statement.cascade else []
    also = f", and with CASCADE those of {', '.join(shown(o) for o in others)}" if others else ""
    truncates = statement.kind is Kind.TRUNCATE
    return Danger(
        code=CODE,
        effect=Effect.LOSES_DATA,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE if truncates else Lock.ROW_EXCLUSIVE,
        what=f"{verb} removes all rows of {name} ({size(table)}){also}: only a backup has them",
        instead=(
            "Have a backup whose restore was proved, and name the rows: DELETE … WHERE, in batches"
            " of the primary key.",
            "Where the table is to go, remove the model in a later release.",
        ),
        phase=Phase.CONTRACT,
    )


def _victims(table: Table, database: Database) -> list[str]:
    """Tables that CASCADE empties as well, those that point to them too."""
    found: list[str] = []
    waiting = list(table.referenced_by)
    while waiting:
        name = waiting.pop(0)
        if name in found or name == table.name:
            continue
        found.append(name)
        further = database.table(name)
        waiting += further.referenced_by if further else ()
    return found


def _refused(statement: Statement, table: Table, database: Database) -> Danger | None:
    """TRUNCATE of a table that others point to, unless they are truncated with it."""
    left = [
        other
        for other in table.referenced_by
        if not any(same(database, other, name) for name in statement.tables)
    ]
    if statement.cascade or not left:
        return None
    return Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=table.name,
        lock=Lock.ACCESS_EXCLUSIVE,
        what=(
            f"TRUNCATE of {shown(table.name)} fails: {', '.join(shown(o) for o in left)} has a"
            " foreign key to it"
        ),
        instead=("DELETE the rows: their foreign keys are then checked one by one.",),
    )


HAZARD = Hazard(
    code=CODE,
    title="All rows removed",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.LOSES_DATA, Effect.FAILS),
    why=(
        "All rows of a table are gone with the commit; TRUNCATE … CASCADE takes those of every"
        " table that points to it as well, whatever on_delete says. TRUNCATE locks all of them"
        " against readers too."
    ),
    remedy="A backup that was proved, and a DELETE that names the rows.",
    find=_find,
)
