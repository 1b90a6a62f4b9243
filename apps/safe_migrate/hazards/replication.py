"""Publications and replica identities: writes that fail, and subscribers that miss them."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, shown, standing

CODE = "SM-H419"

_UNIDENTIFIED = """
    SELECT '"' || replace(nspname, '"', '""') || '"."' || replace(relname, '"', '""') || '"'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind = 'r' AND relpersistence = 'p' AND relreplident IN ('d', 'n')
      AND (relreplident = 'n' OR NOT EXISTS
           (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary))
      AND nspname <> ALL (ARRAY['pg_catalog', 'information_schema'])
    ORDER BY 1 LIMIT 3
"""


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind is Kind.PUBLICATION and statement.mode in ("add", "set"):
        for table in _published(statement, database):
            if not _identified(table):
                yield _no_identity(table.name)
    for _, answer in situation.answers:
        for name in answer:
            yield _no_identity(name)
    if statement.kind is Kind.PUBLICATION and statement.mode in ("drop", "set"):
        yield _missed(statement, statement.table)
    if statement.kind is Kind.DROP and statement.object == "publication":
        yield _missed(statement, "")
    table_ = standing(database, statement.table)
    for action in actions(statement, ActionKind.REPLICA_IDENTITY):
        published = table_ and any(d.kind == "publication" for d in table_.dependents)
        if action.option == "nothing" and table_ and published:
            yield _no_identity(table_.name)


def _published(statement: Statement, database: Database) -> Iterator[Table]:
    for name in statement.tables:
        if table := standing(database, name):
            yield table


def _ask(situation: Situation) -> Iterator[Question]:
    """The tables without an identity, for a publication that names none."""
    statement = situation.statement
    if statement.kind is Kind.PUBLICATION and statement.object == "all tables":
        yield Question(code=CODE, table="", sql=_UNIDENTIFIED)


def _identified(table: Table) -> bool:
    """Whether its rows can be told apart; a table of which nothing is known is taken for so."""
    known = table.constraints or table.indexes or table.columns
    keyed = any(c.kind is ConstraintKind.PRIMARY_KEY for c in table.constraints)
    return not known or keyed or any(index.primary for index in table.indexes)


def _no_identity(table: str) -> Danger:
    name = shown(table)
    return Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table,
        lock=Lock.NONE,
        what=(
            f"{name} is published and has nothing that tells its rows apart: every UPDATE and"
            " DELETE of it fails from then on"
        ),
        instead=(
            "Give it a primary key first, or a replica identity: FULL sends whole old rows, and is"
            " slow.",
        ),
        code_instead=(
            "migrations.RunSQL("
            f"{f'ALTER TABLE {name} REPLICA IDENTITY FULL'!r},"
            f" {f'ALTER TABLE {name} REPLICA IDENTITY DEFAULT'!r})"
        ),
    )


def _missed(statement: Statement, table: str) -> Danger:
    of = f" for {shown(table)}" if table else ""
    return Danger(
        code=CODE,
        effect=Effect.BREAKS_OLD_CODE,
        table=table,
        lock=Lock.NONE,
        what=(
            f"The publication {statement.name} changes{of}: its subscribers miss what is written"
            " from then on, and no error tells them"
        ),
        instead=("Change the subscribers first: ALTER SUBSCRIPTION … REFRESH PUBLICATION.",),
    )


HAZARD = Hazard(
    code=CODE,
    title="Replication breaks",
    lock=Lock.NONE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "A published table needs a replica identity, the primary key as a rule: without one"
        " PostgreSQL refuses every UPDATE and DELETE of it. A table that leaves a publication is"
        " not replicated any more, without a word."
    ),
    remedy="A primary key before the publication; subscribers before a publication is narrowed.",
    find=_find,
    ask=_ask,
)
