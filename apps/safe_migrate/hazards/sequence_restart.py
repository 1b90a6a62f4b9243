"""A sequence that goes on at a number which may be taken."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, quoted, shown, standing

CODE = "SM-H415"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if statement.kind is Kind.ALTER_SEQUENCE and statement.restart:
        yield _danger("", f"The sequence {shown(statement.name)}", statement.restart, ())
    for table, column, restart in _identities(situation):
        asked = _question(table, column, restart)
        answers = [keys for question, keys in situation.answers if question == asked]
        if answers and not answers[0]:
            continue
        of = f"The sequence of {quoted(column)} of {shown(table.name)}"
        yield _danger(table.name, of, restart, answers[0] if answers else ())


def _danger(table: str, of: str, restart: str, taken: tuple[str, ...]) -> Danger:
    where = "where it began" if restart == "start" else f"at {restart}"
    known = f" ({', '.join(taken)} …)" if taken else ""
    fails = "that are taken" if taken else "that may be taken"
    return Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=table,
        lock=Lock.ACCESS_EXCLUSIVE if table else Lock.SHARE_ROW_EXCLUSIVE,
        what=(
            f"{of} goes on {where}, at numbers {fails}{known}: every INSERT fails with a duplicate"
            " key until it is past them"
        ),
        instead=("Let it go on behind the greatest number there is.",),
        code_instead=_code(table, of),
        examples=taken,
    )


def _code(table: str, of: str) -> str:
    column = of.removeprefix("The sequence of ").partition('" of')[0].strip('"')
    if not table:
        return ""
    name = shown(table)
    sql = (
        f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'),"
        f" coalesce(max({quoted(column)}), 1)) FROM {name}"
    )
    return f"migrations.RunSQL({sql!r}, migrations.RunSQL.noop)"


def _identities(situation: Situation) -> Iterator[tuple[Table, str, str]]:
    """Table, column and where it goes on, for each identity that is set back."""
    table = standing(situation.database, situation.statement.table)
    for action in actions(situation.statement, ActionKind.IDENTITY) if table else ():
        if action.restart and table:
            yield table, action.name, action.restart


def _question(table: Table, column: str, restart: str) -> Question:
    first = "1" if restart == "start" else restart
    name = quoted(column)
    return Question(
        code=CODE,
        table=table.name,
        sql=(f"SELECT {name} FROM {table.name} WHERE {name} >= {first} ORDER BY {name} LIMIT 3"),
    )


def _ask(situation: Situation) -> Iterator[Question]:
    for table, column, restart in _identities(situation):
        if not table.assumed:
            yield _question(table, column, restart)


HAZARD = Hazard(
    code=CODE,
    title="Numbers handed out again",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.FAILS,),
    why=(
        "A sequence does not look at the table. Set back behind numbers that are there, it hands"
        " them out again, and every INSERT fails until it is past the last of them. What it was"
        " before is not kept: there is no way back."
    ),
    remedy="setval() with the greatest number there is.",
    find=_find,
    ask=_ask,
)
