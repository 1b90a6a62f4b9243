"""What a hazard is told of an operation, and what it finds: frozen values."""

from dataclasses import dataclass, field
from enum import StrEnum

from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Statement


class Lock(StrEnum):
    """Lock modes of tables, weakest first (PostgreSQL manual, 13.3.1)."""

    NONE = ""
    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def waiting(self) -> str:
        """Who waits for it, in words."""
        if self is Lock.ACCESS_EXCLUSIVE:
            return "reads and writes wait"
        if self in (Lock.SHARE, Lock.SHARE_ROW_EXCLUSIVE, Lock.EXCLUSIVE):
            return "writes wait"
        return "nobody waits"


class Effect(StrEnum):
    """What a hazard does; the first three depend on the table's size, the others never."""

    SCAN = "scan"
    """Every row is read under the lock."""
    REWRITE = "rewrite"
    """The table is written anew under the lock."""
    QUEUE = "queue"
    """The lock is brief, but whoever comes while it is waited for waits as well."""
    BREAKS_OLD_CODE = "breaks old code"
    BREAKS_NEW_CODE = "breaks new code"
    """The new code cannot run before it."""
    LOSES_DATA = "loses data"
    WRONG_DATA = "wrong data"
    """Values come out that nobody wants, and nothing tells them from others later."""
    FAILS = "fails"
    """It may fail, or does, on this database."""
    IRREVERSIBLE = "irreversible"
    PARTLY_DONE = "partly done"
    """A failure leaves half of it."""
    UNKNOWN = "unknown"
    """It cannot be seen what it does."""


class Phase(StrEnum):
    """When an operation may run, told by whether old and new code bear it."""

    EXPAND = "expand"
    """Before the new code runs."""
    CONTRACT = "contract"
    """After the old code is gone."""
    SPLIT = "split"
    """Neither: it needs several migrations."""
    ANY = "any"


class Grade(StrEnum):
    """How much a finding matters; the policy says what is done about each."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A model's field, as far as dangers depend on it."""

    name: str
    column: str
    kind: str
    """Its class: CharField."""
    null: bool = False
    unique: bool = False
    db_index: bool = False
    has_default: bool = False
    """In Python: the database does not know it."""
    callable_default: bool = False
    has_db_default: bool = False
    max_length: int | None = None
    relation: str = ""
    """many to one, one to one, many to many; empty for none."""
    db_constraint: bool = True
    primary_key: bool = False
    source: str = ""
    """The field as a migration writes it: models.CharField(max_length=20); empty if not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A Django operation in its migration."""

    kind: str
    """Its class: AddField."""
    app: str
    migration: str
    number: int
    """Its place in the migration, from 0."""
    atomic: bool
    """Its migration runs in one transaction."""
    backwards: bool = False
    reversible: bool = True
    model: str = ""
    table: str = ""
    """The model's db_table."""
    before: Field | None = None
    """The field that an operation alters, removes or renames."""
    after: Field | None = None
    """The field that an operation adds, or makes of another."""
    state_only: bool = False
    """In SeparateDatabaseAndState, without anything for the database."""
    elidable: bool = False
    opaque: str = ""
    """Why there is no SQL to show, where there is none: it runs Python code, or cannot be read."""
    kinds: tuple[str, ...] = ()
    """The classes of all operations of its migration, in their order."""
    source: str = ""
    """File and line, where they are known: app/migrations/0002_x.py:17."""
    code: str = ""
    """As makemigrations would write it: migrations.AddIndex(…); empty where it is not known."""
    statements: tuple[Statement, ...] = ()
    """All of its statements, in their order; empty where they are not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something to ask of the data before a statement runs: bounded, read only."""

    code: str
    """Of the hazard that asks."""
    table: str
    sql: str
    """A SELECT of at most a few example keys that would make the statement fail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """All that a hazard may know when it looks at one statement of one operation."""

    statement: Statement
    operation: Operation
    database: Database
    earlier: tuple[Statement, ...] = ()
    """The statements that ran before it in the same transaction."""
    answers: tuple[tuple[Question, tuple[str, ...]], ...] = ()
    """What the data answered: example keys for each question."""
    rows_change: bool = False
    """An earlier operation of this plan changes rows, so what they are like now tells nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Danger:
    """A hazard met by one statement on one table of one size."""

    code: str
    effect: Effect
    table: str
    lock: Lock
    what: str
    """What happens to whom, with the user's own names."""
    held_ms: float | None = None
    """How long the lock is predicted to be held; None where it cannot be."""
    instead: tuple[str, ...] = ()
    """What to do, first things first."""
    code_instead: str = ""
    """Operations to paste into the migration in its place."""
    phase: Phase = Phase.ANY
    examples: tuple[str, ...] = ()
    """Keys of rows that would make it fail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One safe step in the place of a statement."""

    sql: str
    lock: Lock
    concurrent: bool = False
    """Outside a transaction; done when `postcondition` gives true."""
    batched: bool = False
    """In batches of keys; `sql` has %(first)s and %(last)s."""
    postcondition: str = ""
    """A SELECT of one boolean that is true when the step is done."""
    reverse: str | None = None
    """What takes it back; empty where nothing has to, None where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A danger with the grade that the policy and the table's size give it."""

    danger: Danger
    grade: Grade
    acknowledged: str = ""
    """The reason that the migration gives, where it names the code."""
    steps: tuple[Step, ...] = field(default=())
    title: str = ""
    """Of the hazard."""
    statement: int | None = None
    """Which of its operation's statements, from 0; None for the operation itself."""
