"""What is known of the database that a plan is for: read from its catalog in one round, or assumed.

Names of tables are quoted and schema-qualified, as quote_ident writes both parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from safe_migrate.facts.statement import ConstraintKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingColumn:
    """A column that is there."""

    name: str
    type: str
    """As format_type writes it: character varying(20)."""
    not_null: bool = False
    has_default: bool = False
    generated: bool = False
    identity: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingIndex:
    """An index that is there."""

    name: str
    columns: tuple[str, ...]
    """Key columns; empty names for expressions."""
    unique: bool = False
    valid: bool = True
    primary: bool = False
    partial: bool = False
    bytes: int = 0
    uses: tuple[str, ...] = ()
    """Columns in its expressions and its predicate, which it is built anew for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingConstraint:
    """A constraint that is there."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    references: str = ""
    """The table that a foreign key points to."""
    validated: bool = True
    definition: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependent:
    """What hangs on a table or on one of its columns (pg_depend)."""

    kind: str
    """view, materialized view, function, policy, trigger, publication, generated column …"""
    name: str
    column: str = ""
    """The column it uses; empty for the table as a whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table, partitioned table or materialised view."""

    name: str
    rows: int
    """Of all partitions; estimated where they were not counted."""
    bytes: int
    """Heap and TOAST."""
    index_bytes: int = 0
    partitions: int = 0
    columns: Mapping[str, ExistingColumn] = field(default_factory=dict)
    indexes: tuple[ExistingIndex, ...] = ()
    constraints: tuple[ExistingConstraint, ...] = ()
    referenced_by: tuple[str, ...] = ()
    """Tables with a foreign key to this one."""
    dependents: tuple[Dependent, ...] = ()
    row_security: bool = False
    statements_per_second: float | None = None
    """None where the statistics do not tell."""
    new: bool = False
    """Created earlier in this plan: nobody else can be waiting for it, and it is empty."""
    assumed: bool = False
    """Nothing was asked of a server: rows and bytes stand for a large table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """Microseconds for a row, as measured; what a lock is held for is predicted from them.

    On PostgreSQL 18.4, November 2026, two busy cores, rows of 120 bytes with one index, at 50,000
    and 500,000 rows, the best of three: SET NOT NULL 0.03 and 0.05, CHECK 0.03 and 0.06, an index
    on an integer 0.22 and 0.39, on a text 0.49 and 1.0, a rewrite 0.6 and 1.5, a foreign key to a
    small table 0.09 and 0.17, UPDATE 2.2 and 4.0, EXCLUDE with GiST 46, with a B-tree 1.6 and 1.9.
    """

    scan: float = 0.06
    """Reading every row: CHECK, SET NOT NULL, VALIDATE."""
    rewrite: float = 2.4
    """Writing every row anew, and its indexes."""
    index: float = 0.5
    """Sorting a column of short texts into a B-tree; numbers take half of it."""
    foreign_key: float = 0.1
    """Looking a row up in a small table that it points to; a large one takes up to 20 times."""
    update: float = 6.0
    """UPDATE of every row."""
    exclusion: float = 50.0
    """Checking an exclusion constraint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """The database before a statement of the plan runs."""

    major: int
    """PostgreSQL's major version."""
    tables: Mapping[str, Table]
    search_path: tuple[str, ...] = ("public",)
    """Schemas in which a name without one is looked for."""
    extensions: Mapping[str, str] = field(default_factory=dict)
    """Installed: name → version."""
    available_extensions: frozenset[str] = frozenset()
    icu: bool = True
    time_zone: str = ""
    """TimeZone of the session that migrates, as set: UTC; empty where it is not known."""
    costs: Costs = Costs()
    budget_ms: int = 50
    assumed: bool = False
    """No server was asked: a lint."""

    def table(self, name: str) -> Table | None:
        """A table by a name as a statement writes it, with or without its schema."""
        if name in self.tables:
            return self.tables[name]
        for schema in self.search_path:
            quoted = '"' + schema.replace('"', '""') + '"'
            if found := self.tables.get(f"{quoted}.{name}"):
                return found
        return None
