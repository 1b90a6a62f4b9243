"""One SQL statement in the terms that its dangers are told in: values, made by plan/parse.py."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a statement does, as far as it matters here."""

    CREATE_TABLE = "create table"
    ALTER_TABLE = "alter table"
    DROP_TABLE = "drop table"
    RENAME = "rename"
    CREATE_INDEX = "create index"
    DROP_INDEX = "drop index"
    REINDEX = "reindex"
    CREATE_VIEW = "create view"
    DROP = "drop"
    """Of anything but a table or an index."""
    CREATE_TRIGGER = "create trigger"
    CREATE_EXTENSION = "create extension"
    CREATE_COLLATION = "create collation"
    CREATE_TYPE = "create type"
    ALTER_TYPE = "alter type"
    CREATE_SEQUENCE = "create sequence"
    ALTER_SEQUENCE = "alter sequence"
    CREATE_FUNCTION = "create function"
    CREATE_SCHEMA = "create schema"
    COMMENT = "comment"
    SET_CONSTRAINTS = "set constraints"
    SET = "set"
    LOCK = "lock"
    TRUNCATE = "truncate"
    VACUUM_FULL = "vacuum full"
    CLUSTER = "cluster"
    REFRESH = "refresh materialized view"
    MAINTENANCE = "maintenance"
    """VACUUM and ANALYZE: they hold nobody up."""
    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    CODE = "code"
    """DO, CALL: a program of its own; and without words Python code, or SQL not to be known."""
    NOTHING = "nothing"
    """No SQL: the operation changes the state alone. It stands for the operation itself."""
    TRANSACTION = "transaction"
    GRANT = "grant"
    POLICY = "policy"
    PUBLICATION = "publication"
    STATISTICS = "statistics"
    PARTITIONING = "partitioning"
    UNKNOWN = "unknown"
    """Not classified, so a danger until a person has looked."""


class Volatility(StrEnum):
    """Whether a default is the same for every row (PostgreSQL manual, 36.7)."""

    CONSTANT = "constant"
    STABLE = "stable"
    """Evaluated once for a statement: now()."""
    VOLATILE = "volatile"
    """Evaluated for every row: gen_random_uuid(); also what is not known."""


class ConstraintKind(StrEnum):
    """The kinds of pg_constraint."""

    CHECK = "check"
    EXCLUSION = "exclusion"
    FOREIGN_KEY = "foreign key"
    NOT_NULL = "not null"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """A constraint as a statement adds it."""

    kind: ConstraintKind
    name: str = ""
    columns: tuple[str, ...] = ()
    references: str = ""
    """The table that a foreign key points to, as `Statement.table` names one."""
    referenced_columns: tuple[str, ...] = ()
    expression: str = ""
    """Of a check, as SQL."""
    not_valid: bool = False
    using_index: str = ""
    """The existing index that becomes it."""
    deferrable: bool = False
    initially_deferred: bool = False
    include: tuple[str, ...] = ()
    """Columns that a unique index only carries along."""
    nulls_not_distinct: bool = False
    definition: str = ""
    """As SQL, the way a table's constraint is written, without its name and NOT VALID."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column as a statement defines it."""

    name: str
    type: str
    """As SQL, without what the parser adds: integer, varchar(20), numeric(10, 2)."""
    collation: str = ""
    not_null: bool = False
    default: str = ""
    """As SQL; empty for none."""
    volatility: Volatility = Volatility.CONSTANT
    """Of the default."""
    generated: str = ""
    """stored, virtual, or empty."""
    identity: bool = False
    constraints: tuple[Constraint, ...] = ()
    """Those written beside the column, without NOT NULL."""


class ActionKind(StrEnum):
    """The subcommands of ALTER TABLE that Django, and people, use."""

    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    ALTER_TYPE = "alter column type"
    SET_NOT_NULL = "set not null"
    DROP_NOT_NULL = "drop not null"
    SET_DEFAULT = "set default"
    DROP_DEFAULT = "drop default"
    ADD_CONSTRAINT = "add constraint"
    VALIDATE_CONSTRAINT = "validate constraint"
    DROP_CONSTRAINT = "drop constraint"
    ALTER_CONSTRAINT = "alter constraint"
    IDENTITY = "identity"
    """ADD, SET or DROP of GENERATED … AS IDENTITY."""
    DROP_EXPRESSION = "drop expression"
    SET_EXPRESSION = "set expression"
    REWRITES = "rewrites"
    """SET LOGGED, UNLOGGED, ACCESS METHOD, TABLESPACE: the table is written anew."""
    ATTACH_PARTITION = "attach partition"
    DETACH_PARTITION = "detach partition"
    INHERIT = "inherit"
    TRIGGERS = "triggers"
    """ENABLE and DISABLE of triggers and rules."""
    ROW_SECURITY = "row security"
    STORAGE = "storage"
    """Statistics targets, storage and table options: catalog only, under a weak lock."""
    OWNER = "owner"
    REPLICA_IDENTITY = "replica identity"
    OTHER = "other"
    """Known to PostgreSQL and not to us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One subcommand of ALTER TABLE."""

    kind: ActionKind
    name: str = ""
    """Of the column, constraint or partition that it is about."""
    column: Column | None = None
    """What ADD COLUMN and ALTER TYPE make it."""
    constraint: Constraint | None = None
    restart: str = ""
    """Where SET of an identity lets it go on: a number, or "start" for where it began."""
    option: str = ""
    """Of what may be set, PostgreSQL's word for it: DisableTrigAll, EnableRowSecurity, nothing."""
    default: str = ""
    volatility: Volatility = Volatility.CONSTANT
    using: str = ""
    """The expression of ALTER TYPE … USING."""
    cascade: bool = False
    concurrent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement as Django, or a person, wrote it."""

    sql: str
    kind: Kind
    table: str = ""
    """The table it is about, quoted and schema-qualified only as it was written."""
    tables: tuple[str, ...] = ()
    """Every table it names, that one first."""
    name: str = ""
    """Of what is created, dropped or renamed where that is no table."""
    new_name: str = ""
    """What a RENAME makes of it."""
    object: str = ""
    """What a RENAME, DROP or COMMENT is about: table, column, index, constraint, view …"""
    actions: tuple[Action, ...] = ()
    columns: tuple[Column, ...] = ()
    """Of CREATE TABLE; of CREATE INDEX the names alone, where they are columns; of INSERT and
    UPDATE the names of what they set."""
    constraints: tuple[Constraint, ...] = ()
    """Of CREATE TABLE."""
    concurrent: bool = False
    unique: bool = False
    method: str = ""
    """The access method of an index, the provider of a collation."""
    condition: str = ""
    """The predicate of a partial index, the WHERE of a change to rows."""
    expressions: bool = False
    """The index is over an expression."""
    keys: tuple[str, ...] = ()
    """Of an index as SQL: columns, quoted, and expressions."""
    nulls_not_distinct: bool = False
    concurrently: str = ""
    """CREATE INDEX and DROP INDEX with CONCURRENTLY; empty for what cannot be, or is so already."""
    reads: tuple[str, ...] = ()
    """The tables whose rows INSERT … SELECT, MERGE and UPDATE … FROM take."""
    bounded_by: tuple[str, ...] = ()
    """Columns for which a change to rows names the values, a range, or a LIMIT."""
    batched: str = ""
    """An UPDATE or DELETE with {bound} for one more condition; empty where it has no such place."""
    literals: tuple[str, ...] = ()
    """The texts in it."""
    calls: tuple[str, ...] = ()
    """The functions that a SELECT calls; the one that a trigger runs; those that SET CONSTRAINTS
    names, none for ALL."""
    mode: str = ""
    """Of LOCK TABLE: ACCESS EXCLUSIVE; of TRANSACTION, SET, GRANT and policies: commit, local,
    revoke, permissive, immediate …"""
    restart: str = ""
    """Where a sequence goes on, as Action.restart says it; of TRUNCATE "start"."""
    replaces: bool = False
    """CREATE OR REPLACE."""
    partition_of: str = ""
    """The table that CREATE TABLE makes a partition of."""
    cascade: bool = False
    if_exists: bool = False
    joined: bool = field(default=False, compare=False)
    """Sent together with others, in one text: PostgreSQL runs them in one transaction."""
    deferred: bool = field(default=False, compare=False)
    """Django runs it at the migration's end."""
