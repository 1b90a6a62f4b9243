"""AlterField to NOT NULL with a default: the UPDATE of all NULLs, under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import change_ms, whole_number_key
from safe_migrate.hazards.taken import taken
from safe_migrate.hazards.words import lasting, quoted, shown, size, standing

CODE = "SM-H112"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind is not Kind.UPDATE or situation.operation.kind != "AlterField":
        return
    table = standing(database, statement.table)
    if table is None:
        return
    held = None if table.assumed else change_ms(statement, table, database)
    column = quoted(statement.columns[0].name) if statement.columns else "a column"
    lock = _lock(situation, table)
    waiting = "reads and writes wait" if lock is Lock.ACCESS_EXCLUSIVE else "writes to them wait"
    yield Danger(
        code=CODE,
        effect=Effect.REWRITE,
        table=table.name,
        lock=lock,
        what=f"every NULL in {column} of {shown(table.name)} ({size(table)}) is filled by one"
        f" UPDATE under {lock}: {waiting}, {lasting(table, held)} if all of them are NULL",
        held_ms=held,
        instead=(
            "Fill the rows in batches in a migration before this one; the UPDATE then finds none.",
        ),
        code_instead=_code(situation, table),
        phase=Phase.SPLIT,
    )


def _lock(situation: Situation, table: Table) -> Lock:
    """What the transaction holds on the table by now: SET DEFAULT comes before the UPDATE."""
    held = (taken(earlier, situation.database).get(table.name) for earlier in situation.earlier)
    return Lock.ACCESS_EXCLUSIVE if Lock.ACCESS_EXCLUSIVE in held else Lock.ROW_EXCLUSIVE


def _code(situation: Situation, table: Table) -> str:
    safe = _rewrite(situation)
    name, key = situation.statement.table, quoted(whole_number_key(table))
    return code.in_batches(safe[0], name, key) if safe else ""


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    statement = situation.statement
    table = standing(situation.database, statement.table)
    if statement.kind is not Kind.UPDATE or table is None or not statement.batched:
        return ()
    key = whole_number_key(table)
    if not key:
        return ()
    bound = f"{quoted(key)} BETWEEN %(first)s AND %(last)s"
    change = statement.batched.replace("%", "%%").replace("{bound}", bound)
    left = f"SELECT NOT EXISTS (SELECT FROM {statement.table} WHERE {statement.condition})"
    return (
        Step(
            sql=change,
            lock=Lock.ROW_EXCLUSIVE,
            batched=True,
            postcondition=left if statement.condition else "",
        ),
    )


HAZARD = Hazard(
    code=CODE,
    title="NULLs filled under a lock",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.REWRITE,),
    why="AlterField from null=True to null=False with a default sets the default first, under"
    " ACCESS EXCLUSIVE, then fills every NULL with one UPDATE, then reads all rows for SET NOT"
    " NULL: nobody reads or writes the table until all of that is done.",
    remedy="Fill the NULLs in batches of the primary key in an earlier migration with atomic ="
    " False; then the UPDATE finds none, and SET NOT NULL can be proved by a check.",
    find=_find,
    rewrite=_rewrite,
)
