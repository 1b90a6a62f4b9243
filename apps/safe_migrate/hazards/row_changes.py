"""UPDATE, DELETE, MERGE, INSERT … SELECT of any number of rows in one transaction."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation, Step
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards import code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.changes import change_ms, unbounded, whole_number_key
from safe_migrate.hazards.words import lasting, quoted, shown, size, standing

CODE = "SM-H401"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = unbounded(statement, database)
    # What AlterField changes on its way to NOT NULL is told there.
    if table is None or situation.operation.kind == "AlterField":
        return
    if standing(database, statement.table) is None:
        return
    held = change_ms(statement, table, database)
    yield Danger(
        code=CODE,
        effect=Effect.REWRITE,
        table=table.name,
        lock=Lock.ROW_EXCLUSIVE,
        what=_what(statement, table, held),
        held_ms=None if table.assumed else held,
        instead=(
            "Change the rows in batches of the primary key, each in a transaction of its own:"
            " in a migration with atomic = False, and nothing else in it.",
            "Let the code that runs write new rows as they are to be before the old ones are"
            " changed.",
        ),
        code_instead=_code(situation, table),
        phase=Phase.ANY,
    )


def _what(statement: Statement, table: Table, held: float) -> str:
    verb = statement.kind.upper()
    does = "remove" if statement.kind is Kind.DELETE else "change"
    name = shown(table.name)
    if statement.kind in (Kind.INSERT, Kind.MERGE):
        taken = f"{verb} takes the rows of {name} ({size(table)}) into {shown(statement.table)}"
    elif statement.condition:
        taken = f"{verb} may {does} any number of the rows of {name} ({size(table)})"
    else:
        taken = f"{verb} {does}s every row of {name} ({size(table)})"
    return (
        f"{taken} in one transaction: whoever changes one of them waits until it ends,"
        f" {lasting(table, held)}, and autovacuum cannot clean up behind it"
    )


def _code(situation: Situation, table: Table) -> str:
    safe = _rewrite(situation)
    name, key = shown(table.name), quoted(whole_number_key(table))
    return code.in_batches(safe[0], name, key) if safe else ""


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    """The statement for ranges of the key; nothing where it cannot be told apart by them."""
    statement = situation.statement
    table = unbounded(statement, situation.database)
    key = whole_number_key(table) if table else ""
    if not (key and statement.batched):
        return ()
    bound = f"{quoted(key)} BETWEEN %(first)s AND %(last)s"
    change = statement.batched.replace("%", "%%").replace("{bound}", bound)
    return (Step(sql=change, lock=Lock.ROW_EXCLUSIVE, batched=True),)


HAZARD = Hazard(
    code=CODE,
    title="Many rows changed at once",
    lock=Lock.ROW_EXCLUSIVE,
    effects=(Effect.REWRITE,),
    why=(
        "Every row that a statement changes stays locked until its transaction ends, and the old"
        " versions of all of them stay in the table until then. Whoever wants to change one of"
        " them waits. A large table so takes minutes, doubles in size, and the write-ahead log"
        " grows by as much."
    ),
    remedy=(
        "Change the rows in batches of the primary key, each in a transaction of its own, in a"
        " migration with atomic = False. It can be interrupted, and run again."
    ),
    find=_find,
    rewrite=_rewrite,
)
