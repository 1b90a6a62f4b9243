"""What is asked of the data: the keys of rows, and what was answered. Pure."""

from safe_migrate.facts.danger import Question, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.words import quoted

EXAMPLES = 3
"""How many keys a finding names."""


def rows_where(code: str, table: Table, condition: str) -> Question:
    """Keys of at most three rows for which a condition holds."""
    sql = f"SELECT {key(table)} FROM {table.name} WHERE {condition} LIMIT {EXAMPLES}"
    return Question(code=code, table=table.name, sql=sql)


def key(table: Table) -> str:
    """What tells a row from others, as SQL: its primary key, else where it stands."""
    primary = [c.columns for c in table.constraints if c.kind is ConstraintKind.PRIMARY_KEY]
    columns = primary[0] if primary else ()
    if not columns:
        return "ctid::text"
    return " || ', ' || ".join(f"{quoted(column)}::text" for column in columns)


def answer(situation: Situation, question: Question) -> tuple[str, ...] | None:
    """The keys that the data gave; None where it was not asked."""
    for asked, keys in situation.answers:
        if asked == question:
            return keys
    return None


def examples(keys: tuple[str, ...]) -> str:
    """The first keys in words: "17, 23 and others"."""
    told = ", ".join(keys[: EXAMPLES - 1])
    return f"{told} and others" if len(keys) >= EXAMPLES else " and ".join(keys)
