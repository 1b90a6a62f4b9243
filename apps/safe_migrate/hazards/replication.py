"""Publications and replica identities: writes that fail, and subscribers that miss them."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, ConstraintKind, Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, literal, same, shown, standing

CODE = "SM-H419"

_UNIDENTIFIED = """
    SELECT '"' || replace(nspname, '"', '""') || '"."' || replace(relname, '"', '""') || '"'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind = 'r' AND relpersistence = 'p' AND relreplident IN ('d', 'n')
      AND (relreplident = 'n' OR NOT EXISTS
           (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary))
      AND {among} AND nspname <> ALL (ARRAY['pg_catalog', 'information_schema'])
    ORDER BY 1 LIMIT 3
"""


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if statement.kind is Kind.PUBLICATION and statement.mode in ("add", "set"):
        for name in _unidentified(situation):
            yield _no_identity(name)
    if statement.kind is Kind.PUBLICATION and statement.mode in ("drop", "set"):
        yield _missed(statement, statement.table)
    if statement.kind is Kind.DROP and statement.object == "publication":
        yield _missed(statement, "")
    table = standing(database, statement.table)
    for action in actions(statement, ActionKind.REPLICA_IDENTITY):
        published = table and any(d.kind == "publication" for d in table.dependents)
        if action.option == "nothing" and table and published:
            yield _no_identity(table.name)


def _unidentified(situation: Situation) -> list[str]:
    """Published tables in which rows cannot be told apart; those of which nothing is known can."""
    statement, database = situation.statement, situation.database
    tables = [found for name in statement.tables if (found := standing(database, name))]
    names = [table.name for table in tables if not _has_key(table)]
    for _, answer in situation.answers:
        # The catalog knows of replica identities too.
        every = statement.object == "all tables"
        names = [name for name in answer if every or name in names]
    given = [
        earlier.table
        for earlier in situation.earlier
        for action in actions(earlier, ActionKind.REPLICA_IDENTITY)
        if action.option != "nothing"
    ]
    return [name for name in names if not any(same(database, name, other) for other in given)]


def _ask(situation: Situation) -> Iterator[Question]:
    statement = situation.statement
    if statement.kind is Kind.PUBLICATION and statement.mode in ("add", "set"):
        tables = ", ".join(f"to_regclass({literal(name)})" for name in statement.tables)
        among = f"c.oid IN ({tables})" if tables else "true"
        yield Question(code=CODE, table="", sql=_UNIDENTIFIED.replace("{among}", among))


def _has_key(table: Table) -> bool:
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
