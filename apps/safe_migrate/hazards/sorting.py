"""How long building an index and looking rows up takes, as far as that can be told. Pure.

Measured on PostgreSQL 18 with 200,000 and 2,000,000 rows: see facts.database.Costs.index.
"""

from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import Statement

_NARROW = (
    "bigint", "boolean", "date", "double precision", "integer", "real", "smallint", "time",
    "timestamp", "uuid", "int", "bool", "float",
)  # fmt: skip
FIRST_NARROW, NEXT_NARROW, WIDE = 0.55, 0.1, 1.0
PARTIAL = 0.5
"""Nobody knows how many rows meet a predicate."""
ROWS_AT_HAND, LARGEST_LOOKUP = 25_000, 20.0
METHODS = {"btree": 1.0, "hash": 2.0, "brin": 0.15}
OTHER_METHOD = 10.0
"""GIN, GiST and those of extensions: it depends on what is in the rows."""


def index_ms(database: Database, table: Table, statement: Statement) -> float | None:
    """What CREATE INDEX takes, in milliseconds; None where the table's size is not known."""
    columns = tuple(column.name for column in statement.columns)
    weight = _keys(table, columns) + (WIDE if statement.expressions else 0)
    weight *= METHODS.get(statement.method, OTHER_METHOD)
    if statement.condition:
        weight *= PARTIAL
    return _ms(database, table, weight)


def columns_ms(database: Database, table: Table, columns: tuple[str, ...]) -> float | None:
    """What the index of a unique constraint takes."""
    return _ms(database, table, _keys(table, columns))


def lookup_us(database: Database, references: str) -> float:
    """What looking a row up in the table of a foreign key takes, in microseconds.

    Measured with 1,000 to 1,500,000 rows there: it is joined with all of them.
    """
    other = database.table(references)
    rows = other.rows if other else 0
    return database.costs.foreign_key * min(LARGEST_LOOKUP, 1 + rows / ROWS_AT_HAND)


def _keys(table: Table, columns: tuple[str, ...]) -> float:
    weight = 0.0
    for position, name in enumerate(columns):
        known = table.columns.get(name)
        if known and known.type.startswith(_NARROW):
            weight += NEXT_NARROW if position else FIRST_NARROW
        else:
            weight += WIDE
    return weight


def _ms(database: Database, table: Table, weight: float) -> float | None:
    return None if table.assumed else table.rows * database.costs.index * weight / 1000
