"""How long PostgreSQL takes to write a table and its indexes anew. Pure.

Measured on PostgreSQL 18 for rows of 86 to 1,640 bytes and no to six indexes: a part for each row,
a part for each of its bytes, and a sort for each index.
"""

from safe_migrate.facts.database import Costs, Table
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.words import rows_ms

_ROW, _BYTE = 0.42, 0.0027
"""Of costs.rewrite, which stands for a row of about 215 bytes without an index."""
_INDEX = 1.4
"""Of costs.index: the rows are not in the cache as they are for CREATE INDEX."""


def rewrite_ms(table: Table, costs: Costs) -> float:
    """Milliseconds under the lock; for an unknown size those of an assumed one."""
    width = table.bytes / table.rows if table.rows else 0
    row = costs.rewrite * (_ROW + _BYTE * width)
    return rows_ms(table, row + _INDEX * costs.index * _indexes(table))


def _indexes(table: Table) -> int:
    """Those that are known; a key has one, whether it was read or not."""
    keys = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    owned = {constraint.name for constraint in table.constraints if constraint.kind in keys}
    return len(owned | {index.name for index in table.indexes})
