"""The proof of a rewrite: its steps end in the schema of the statement, and are no danger again."""

from dataclasses import replace
from typing import Any

import psycopg

from safe_migrate.facts.danger import Effect, Operation, Question, Situation, Step
from safe_migrate.facts.database import (
    Database,
    ExistingColumn,
    ExistingConstraint,
    ExistingIndex,
    Table,
)
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards import hazards
from safe_migrate.hazards.base import Hazard
from safe_migrate.plan.parse import statements
from safe_migrate.postgres.schema import objects
from tests.hazards.situations import ROWS, operation
from tests.servers import Server

KINDS = {
    "c": ConstraintKind.CHECK,
    "f": ConstraintKind.FOREIGN_KEY,
    "n": ConstraintKind.NOT_NULL,
    "p": ConstraintKind.PRIMARY_KEY,
    "u": ConstraintKind.UNIQUE,
    "x": ConstraintKind.EXCLUSION,
}
OF_THE_CHANGE = (
    Effect.QUEUE,
    Effect.BREAKS_OLD_CODE,
    Effect.BREAKS_NEW_CODE,
    Effect.IRREVERSIBLE,
)
"""What no other way to the same schema can avoid."""
TABLES = """
    SELECT oid::int8, format('%I.%I', relnamespace::regnamespace, relname)
    FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""
COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod), attnotnull, atthasdef,
           attgenerated <> '', attidentity <> ''
    FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
"""
INDEXES = """
    SELECT i.indexrelid::regclass::text, i.indisunique, i.indisvalid, i.indisprimary,
           i.indpred IS NOT NULL,
           ARRAY(SELECT coalesce(a.attname, '') FROM unnest(i.indkey::int2[]) AS k (n)
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n)::text[]
    FROM pg_index i WHERE i.indrelid = %s
"""
CONSTRAINTS = """
    SELECT conname, contype::text, convalidated, pg_get_constraintdef(oid),
           coalesce((SELECT format('%%I.%%I', relnamespace::regnamespace, relname)
                     FROM pg_class WHERE oid = confrelid), ''),
           ARRAY(SELECT a.attname FROM unnest(conkey) AS k (n)
                 JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.n)::text[]
    FROM pg_constraint WHERE conrelid = %s AND contype <> 't'
"""


def read(session: psycopg.Connection, *, rows: int = ROWS) -> Database:
    """The database as its catalog has it, but every table as if it had `rows` rows."""
    tables = {}
    for oid, name in session.execute(TABLES).fetchall():
        schema, _, relation = name.partition(".")
        quoted = ".".join(
            part if part.startswith('"') else f'"{part}"' for part in (schema, relation)
        )
        tables[quoted] = _table(session, oid, quoted, rows)
    return Database(major=session.info.server_version // 10000, tables=tables)


def _table(session: psycopg.Connection, oid: int, name: str, rows: int) -> Table:
    columns = {
        row[0]: ExistingColumn(
            name=row[0],
            type=row[1],
            not_null=row[2],
            has_default=row[3],
            generated=row[4],
            identity=row[5],
        )
        for row in session.execute(COLUMNS, [oid]).fetchall()
    }
    indexes = tuple(
        ExistingIndex(
            name=row[0],
            unique=row[1],
            valid=row[2],
            primary=row[3],
            partial=row[4],
            columns=tuple(row[5]),
        )
        for row in session.execute(INDEXES, [oid]).fetchall()
    )
    constraints = tuple(
        ExistingConstraint(
            name=row[0],
            kind=KINDS[row[1]],
            validated=row[2],
            definition=row[3],
            references=_quoted(row[4]),
            columns=tuple(row[5]),
        )
        for row in session.execute(CONSTRAINTS, [oid]).fetchall()
    )
    return Table(
        name=name,
        rows=rows,
        bytes=rows * 120,
        columns=columns,
        indexes=indexes,
        constraints=constraints,
    )


def _quoted(name: str) -> str:
    parts = name.split(".") if name else []
    return ".".join(part if part.startswith('"') else f'"{part}"' for part in parts)


def assert_equal_schema(
    hazard: Hazard,
    server: Server,
    before: str,
    sql: str,
    what: Operation | None = None,
    *,
    allowed: tuple[str, ...] = (),
    major: int | None = None,
    again: Operation | None = None,
) -> tuple[Step, ...]:
    """Run `sql`, one statement, plainly in one database and by its safe steps in another.

    `before` makes the tables of both. The statement is a danger to every table of theirs, and none
    of the steps is to any hazard (`allowed` are codes of other hazards that a step may still meet),
    but for what comes with the change however it is made. Postconditions are false before and true
    after their steps. `major` is the version that the steps are made for, where it is not the
    server's; `again` the operation in which steps are looked at. Returns the steps.
    """
    what = what or operation()
    with server.database() as plain, server.connect(plain) as session:
        session.execute(before.encode())
        [statement] = statements(sql)
        known = read(session)
        known = replace(known, major=major or known.major)
        situation = Situation(statement=statement, operation=what, database=known)
        assert list(hazard.find(situation)), "the statement itself is no danger"
        steps = hazard.rewrite(situation)
        session.execute(sql.encode())
        expected = objects(session)
    assert steps
    with server.database() as safe, server.connect(safe) as session:
        session.execute(before.encode())
        for step in steps:
            again = _found_again(step, again or what, read(session)) - {*allowed}
            assert not again, f"{again} find in {step.sql}"
            _carry_out(step, session)
        assert objects(session) == expected
    return steps


def _found_again(step: Step, what: Operation, database: Database) -> set[str]:
    """Codes of what hazards say of a step, in the transaction that it will run in."""
    where = replace(what, atomic=not step.concurrent)
    text = step.sql % {"first": 0, "last": 0} if step.batched else step.sql
    return {
        found.code
        for statement in statements(text)
        for hazard in hazards()
        for found in hazard.find(Situation(statement=statement, operation=where, database=database))
        if found.effect not in OF_THE_CHANGE
    }


def _carry_out(step: Step, session: psycopg.Connection) -> None:
    if step.postcondition:
        assert not _holds(session, step.postcondition), "it holds before its step"
    if step.batched:
        values: dict[str, Any] = {"first": 0, "last": 2**31}
        session.execute(step.sql.encode(), values)
    elif step.concurrent:
        session.execute(step.sql.encode())
    else:
        with session.transaction():
            session.execute(step.sql.encode())
    if step.postcondition:
        assert _holds(session, step.postcondition), "it does not hold after its step"


def _holds(session: psycopg.Connection, query: str) -> bool:
    row = session.execute(query.encode()).fetchone()
    return bool(row and row[0])


def ask(server: Server, before: str, question: Question) -> list[str]:
    """What the data of a database answers that `before` makes."""
    with server.database() as name, server.connect(name) as session:
        session.execute(before.encode())
        session.execute("SET default_transaction_read_only = on")
        return [key for (key,) in session.execute(question.sql.encode()).fetchall()]
