"""What hazards share: whose table it is, how long a lock is held, and how both are said. Pure."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Situation
from safe_migrate.facts.database import Database, ExistingColumn, Table
from safe_migrate.facts.statement import Action, ActionKind, Kind, Statement

ASSUMED_ROWS = 1_000_000
"""Of a table that nobody was asked about: a lint has to assume a large one."""
ASSUMED_ROW_BYTES = 200
BRIEF_MS = 1.0
"""A change of the catalog alone: measured below a millisecond on PostgreSQL 15 to 18."""


def standing(database: Database, name: str) -> Table | None:
    """The table where others use it: there already, or assumed; None for a new or unknown one."""
    found = database.table(name)
    if found is None and database.assumed and name:
        return Table(
            name=name, rows=ASSUMED_ROWS, bytes=ASSUMED_ROWS * ASSUMED_ROW_BYTES, assumed=True
        )
    return None if found is None or found.new else found


def same(database: Database, one: str, other: str) -> bool:
    """Whether two names mean one table, written with and without its schema."""
    first, second = database.table(one), database.table(other)
    if first and second:
        return first.name == second.name
    return one == other


def column(database: Database, table: str, name: str) -> ExistingColumn | None:
    """A column that is there before the statement; None where it is not known."""
    found = database.table(table)
    return found.columns.get(name) if found else None


def actions(statement: Statement, *kinds: ActionKind) -> Iterator[Action]:
    """The subcommands of ALTER TABLE of these kinds."""
    return (action for action in statement.actions if action.kind in kinds)


def added_columns(situation: Situation, table: str) -> set[str]:
    """Columns that the transaction has added to the table before this statement."""
    return {
        action.name
        for earlier in situation.earlier
        if earlier.kind is Kind.ALTER_TABLE and same(situation.database, earlier.table, table)
        for action in actions(earlier, ActionKind.ADD_COLUMN)
    }


def shown(name: str) -> str:
    """A table's name as people write it: quoted, without the schema public."""
    return name.removeprefix('"public".')


def quoted(name: str) -> str:
    """An identifier as SQL."""
    return '"' + name.replace('"', '""') + '"'


def last(name: str) -> str:
    """The last part of a quoted name, bare: orders_order of "public"."orders_order"."""
    parts = name.removesuffix('"').replace('""', "\0").rpartition('"')
    return parts[2].replace("\0", '"')


def listed(names: tuple[str, ...]) -> str:
    """Identifiers as SQL lists them."""
    return ", ".join(quoted(name) for name in names)


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def size(table: Table) -> str:
    """How many rows, in brackets: "1.2 M rows"."""
    if table.assumed:
        return "size unknown, assumed large"
    return f"{number(table.rows)} row{'s' * (table.rows != 1)}"


def number(count: int) -> str:
    """Rounded, so that it can be read: 40, 12 k, 1.2 M, 3 G."""
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            amount = count / unit
            return f"{amount:.1f}".removesuffix(".0") + f" {letter}"
    return str(count)


def pass_ms(table: Table, microseconds: float) -> float | None:
    """What a pass over all rows takes, at so much for each; None where nobody knows how many."""
    return None if table.assumed else table.rows * microseconds / 1000


def rows_ms(table: Table, microseconds: float) -> float:
    """The same for the rows that an unknown table is assumed to have."""
    return table.rows * microseconds / 1000


def lasting(table: Table, milliseconds: float | None) -> str:
    """How long somebody waits: "about 4.1 s"; without a size, what it depends on."""
    if table.assumed or milliseconds is None:
        return "as long as that takes"
    return f"about {duration(milliseconds)}"


def duration(milliseconds: float) -> str:
    """85 ms, 4.1 s, 12 min, 3.5 h."""
    if milliseconds < 1:
        return "1 ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
