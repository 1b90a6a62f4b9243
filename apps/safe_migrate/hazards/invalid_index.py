"""An invalid index of that name is there: what CREATE INDEX CONCURRENTLY left when it failed."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import ExistingIndex, Table
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards import code, steps
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import last, quoted, shown, standing

CODE = "SM-H102"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if statement.kind is not Kind.CREATE_INDEX or table is None:
        return
    index = _left_over(table, statement.name)
    if index is None:
        return
    name = f"{quoted(statement.name)} of {shown(table.name)}"
    if statement.if_exists:
        effect, what = (
            Effect.PARTLY_DONE,
            f"an invalid index {name} is there from an earlier attempt: IF NOT EXISTS is content"
            " with it, so the migration succeeds and no query ever uses the index",
        )
    else:
        effect, what = (
            Effect.FAILS,
            f"it fails: an invalid index {name} is there from an earlier attempt (42P07)",
        )
    safe = _rewrite(situation)
    yield Danger(
        code=CODE,
        effect=effect,
        table=table.name,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        what=what,
        instead=("Drop what was left over CONCURRENTLY, then build the index again.",),
        code_instead=code.by_steps(situation, safe) if safe else "",
        phase=Phase.EXPAND,
    )


def _left_over(table: Table, name: str) -> ExistingIndex | None:
    for index in table.indexes:
        if name in (index.name, last(index.name)) and not index.valid:
            return index
    return None


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if table is None or table.partitions or not _left_over(table, statement.name):
        return ()
    built = steps.index(statement)
    dropped = Step(
        sql=built.reverse or "",
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        concurrent=True,
        postcondition=f"SELECT NOT EXISTS ({_invalid(statement.table, statement.name)})",
        reverse="",
    )
    return (dropped, built)


def _invalid(table: str, name: str) -> str:
    return steps.index_query(table, name, "NOT i.indisvalid")


HAZARD = Hazard(
    code=CODE,
    title="Invalid index left over",
    lock=Lock.SHARE_UPDATE_EXCLUSIVE,
    effects=(Effect.FAILS, Effect.PARTLY_DONE),
    why="CREATE INDEX CONCURRENTLY that fails, by duplicates, a timeout or a lost connection,"
    " leaves an index that is invalid: it slows every write down and serves no query. The next"
    ' attempt fails with "already exists"; with IF NOT EXISTS it succeeds and the index stays'
    " invalid.",
    remedy="DROP INDEX CONCURRENTLY, then CREATE INDEX CONCURRENTLY again, without a lock timeout:"
    " safe_migrate asks whether the index is valid, not whether it has the name.",
    find=_find,
    rewrite=_rewrite,
)
