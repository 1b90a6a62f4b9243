"""What cannot be told beforehand: programs, opaque operations, unclassified statements."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import ActionKind, Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import shown

CODE = "SM-H407"
# Functions of PostgreSQL that change no table, lock none, and end at once.
_HARMLESS = frozenset(
    {
        "array_agg", "avg", "bool_and", "bool_or", "coalesce", "count", "currval", "format",
        "greatest", "jsonb_agg", "lastval", "least", "length", "lower", "max", "min", "nextval",
        "now", "pg_advisory_xact_lock", "pg_get_serial_sequence", "pg_notify", "quote_ident",
        "quote_literal", "set_config", "setval", "string_agg", "sum", "to_regclass", "upper",
        "version",
    }
)  # fmt: skip


def _find(situation: Situation) -> Iterator[Danger]:
    reason = _reason(situation)
    if not reason:
        return
    yield Danger(
        code=CODE,
        effect=Effect.UNKNOWN,
        table=situation.statement.table,
        lock=Lock.NONE,
        what=f"{reason}: what it locks, changes or breaks cannot be told beforehand",
        instead=(
            "Say the same with Django's operations or with plain SQL statements, one for each"
            " thing that it does.",
            "Else read it, try it on a copy of the database, and acknowledge this code in the"
            " migration.",
        ),
        code_instead=f'safe_migrate_acknowledge = {{"{CODE}": "…"}}',
    )


def _reason(situation: Situation) -> str:
    statement, operation = situation.statement, situation.operation
    if statement.kind is Kind.CODE and not statement.sql:
        # Python code, and what cannot be reversed, have codes of their own.
        told = operation.kind == "RunPython" or (operation.backwards and not operation.reversible)
        return "" if told else _opaque(situation)
    if statement.kind is Kind.CODE:
        return f"{_first_words(statement.sql)} is a program of its own"
    if statement.kind is Kind.UNKNOWN:
        return f"{_first_words(statement.sql)} is no statement that is known here"
    for action in statement.actions:
        if action.kind is ActionKind.OTHER:
            return f"ALTER TABLE {shown(statement.table)} has a part that is not known here"
    called = [name for name in statement.calls if name not in _HARMLESS]
    if statement.kind is Kind.SELECT and called:
        return f"SELECT calls {called[0]}(), which may do anything"
    return ""


def _opaque(situation: Situation) -> str:
    operation = situation.operation
    reason = f" ({operation.opaque})" if operation.opaque else ""
    where = f"{operation.app}.{operation.migration}"
    return f"{operation.kind} of {where} shows no SQL{reason}"


def _first_words(sql: str) -> str:
    """The beginning of a statement, on one line."""
    line = " ".join(sql.split())
    return f'"{line}"' if len(line) <= 40 else f'"{line[:40].rstrip()} …"'


HAZARD = Hazard(
    code=CODE,
    title="Effect not to be told",
    lock=Lock.NONE,
    effects=(Effect.UNKNOWN,),
    why=(
        "A DO block, a procedure, a function or a custom operation can lock any table for any"
        " time. What cannot be read is taken for a danger until a person has looked."
    ),
    remedy=(
        "Say the same with Django's operations or plain SQL statements; else try it on a copy and"
        " acknowledge it."
    ),
    find=_find,
)
