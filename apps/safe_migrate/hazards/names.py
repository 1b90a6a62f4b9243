"""The names that PostgreSQL gives to constraints without one: so a safe way ends in the same.

ChooseConstraintName, ChooseIndexName and makeObjectName (src/backend/commands/indexcmds.c).
"""

from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Constraint, ConstraintKind
from safe_migrate.hazards.words import last

LENGTH = 63
_LABELS = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.NOT_NULL: "not_null",
    ConstraintKind.UNIQUE: "key",
}


def of(database: Database, table: str, constraint: Constraint) -> str:
    """Its own name, or the one that it will be given; empty where that is not known."""
    if constraint.name:
        return constraint.name
    label = _LABELS.get(constraint.kind, "")
    return (
        chosen(database, table, constraint.columns, label) if label and constraint.columns else ""
    )


def chosen(database: Database, table: str, columns: tuple[str, ...], label: str) -> str:
    """The first name of its pattern that is free."""
    taken = set()
    for known in database.tables.values():
        taken |= {each.name for each in known.constraints}
        taken |= {each.name for each in known.indexes} | {last(known.name)}
    taken |= {last(name) for name in taken if name.startswith('"')}
    number = 0
    while True:
        made = _joined(last(table), "_".join(columns), f"{label}{number or ''}")
        if made not in taken:
            return made
        number += 1


def _joined(first: str, second: str, label: str) -> str:
    """Parts joined by underscores, the longer one shortened until all fits."""
    one, two = first.encode(), second.encode()
    room = LENGTH - len(label.encode()) - 2
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    return "_".join((one.decode(errors="ignore"), two.decode(errors="ignore"), label))
