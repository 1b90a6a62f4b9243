"""VACUUM FULL, CLUSTER, REINDEX, REFRESH: a table or an index written anew while others wait."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation, Step
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import index_count
from safe_migrate.hazards.taken import taken
from safe_migrate.hazards.words import lasting, rows_ms, shown, size, standing

CODE = "SM-H409"
_WHOLE = (Kind.VACUUM_FULL, Kind.CLUSTER, Kind.REINDEX, Kind.REFRESH)
_DOES = {
    Kind.VACUUM_FULL: "VACUUM FULL writes {name} anew",
    Kind.CLUSTER: "CLUSTER writes {name} anew",
    Kind.REINDEX: "REINDEX builds indexes of {name} anew",
    Kind.REFRESH: "REFRESH fills {name} anew",
}
_INSTEAD = {
    Kind.VACUUM_FULL: "Let pg_repack do it outside of migrations; autovacuum already frees space"
    " for new rows.",
    Kind.CLUSTER: "Let pg_repack do it outside of migrations; the order does not last.",
    Kind.REINDEX: "REINDEX CONCURRENTLY, in a migration of its own with atomic = False.",
    Kind.REFRESH: "REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index over plain"
    " columns.",
}


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if situation.operation.atomic and (refused := _refused(statement)):
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=statement.table,
            lock=Lock.NONE,
            what=f"{refused} cannot run in a transaction, and this migration is one",
            instead=("A migration of its own with atomic = False.",),
            code_instead=_code(statement.sql),
        )
    if statement.kind not in _WHOLE or statement.concurrent:
        return
    for name, lock in taken(statement, database).items():
        if table := standing(database, name):
            yield _danger(statement, table, lock, database)
    if not (statement.tables or taken(statement, database) or statement.object == "index"):
        yield _everything(statement)


def _danger(statement: Statement, table: Table, lock: Lock, database: Database) -> Danger:
    held = _predicted(statement, table, database)
    does = _DOES[statement.kind].format(name=shown(table.name))
    under = f"under {lock}"
    if statement.kind is Kind.REINDEX:
        # The planner opens every index of a table, so readers wait as well (manual, REINDEX).
        under, lock = f"{under} and ACCESS EXCLUSIVE on them", Lock.ACCESS_EXCLUSIVE
    return Danger(
        code=CODE,
        effect=Effect.REWRITE,
        table=table.name,
        lock=lock,
        what=f"{does} ({size(table)}) {under}: {lock.waiting} {lasting(table, held)}",
        held_ms=None if table.assumed else held,
        instead=(_INSTEAD[statement.kind],),
        code_instead=_code(_concurrent(statement)) if _concurrent(statement) else "",
    )


def _everything(statement: Statement) -> Danger:
    verb = statement.kind.upper()
    return Danger(
        code=CODE,
        effect=Effect.REWRITE,
        table="",
        lock=Lock.ACCESS_EXCLUSIVE,
        what=f"{verb} goes through every table of the {_extent(statement)}, and locks each in turn",
        instead=(_INSTEAD[statement.kind],),
    )


def _extent(statement: Statement) -> str:
    return "schema" if statement.object == "schema" else "database"


def _predicted(statement: Statement, table: Table, database: Database) -> float:
    costs = database.costs
    if statement.kind is Kind.REINDEX:
        indexes = 1 if statement.object == "index" else index_count(table)
        return rows_ms(table, costs.index) * indexes
    if statement.kind is Kind.REFRESH:
        return rows_ms(table, costs.rewrite)
    # Measured with 1 to 8 indexes: the copy is cheap, the indexes are not.
    return rows_ms(table, 0.25 * costs.rewrite + 1.8 * costs.index * index_count(table))


def _refused(statement: Statement) -> str:
    """What PostgreSQL lets nobody do in a transaction; CONCURRENTLY has a code of its own."""
    if statement.kind is Kind.VACUUM_FULL:
        return "VACUUM FULL"
    if statement.kind is Kind.MAINTENANCE and statement.object == "vacuum":
        return "VACUUM"
    if statement.kind is Kind.CLUSTER and not statement.table:
        return "CLUSTER without a table"
    if statement.kind is Kind.REINDEX and statement.object in ("schema", "database", "system"):
        return f"REINDEX {statement.object.upper()}"
    return ""


def _concurrent(statement: Statement) -> str:
    """The same without holding anybody up; empty where there is no such way."""
    if statement.kind is Kind.REINDEX and statement.object in ("table", "index"):
        return f"REINDEX {statement.object.upper()} CONCURRENTLY {statement.name}"
    if statement.kind is Kind.REFRESH:
        return f"REFRESH MATERIALIZED VIEW CONCURRENTLY {statement.table}"
    return ""


def _code(sql: str) -> str:
    return (
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        f"    operations = [migrations.RunSQL({sql!r}, migrations.RunSQL.noop)]"
    )


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    """REINDEX alone: the other needs an index that may not be there."""
    statement = situation.statement
    if statement.kind is not Kind.REINDEX or statement.concurrent or not _concurrent(statement):
        return ()
    sql = _concurrent(statement)
    return (Step(sql=sql, lock=Lock.SHARE_UPDATE_EXCLUSIVE, concurrent=True),)


HAZARD = Hazard(
    code=CODE,
    title="Table written anew",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.REWRITE, Effect.FAILS),
    why=(
        "These commands copy a table or build its indexes while nobody may read it, or write to"
        " it, and need as much disk again."
    ),
    remedy="The CONCURRENTLY forms where there is one, pg_repack outside of migrations elsewhere.",
    find=_find,
    rewrite=_rewrite,
)
