"""The steps that safe ways are made of, each with what tells that it is done and what undoes it.

Locks by the PostgreSQL manual, ALTER TABLE and CREATE INDEX; measured on 15 to 18.
"""

from safe_migrate.facts.danger import Lock, Step
from safe_migrate.facts.statement import Constraint, Statement
from safe_migrate.hazards.words import last, listed, literal, quoted


def index(statement: Statement) -> Step:
    """The index of a CREATE INDEX, built without keeping anybody from writing."""
    return Step(
        sql=statement.concurrently or statement.sql,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        concurrent=True,
        postcondition=_index_stands(
            statement.table,
            statement.name,
            unique=statement.unique,
            partial=bool(statement.condition),
            keys=() if statement.expressions else statement.keys,
        ),
        reverse=f"DROP INDEX CONCURRENTLY IF EXISTS {_beside(statement.table, statement.name)}",
    )


def unique_index(table: str, name: str, constraint: Constraint) -> Step:
    """The index that a unique constraint or primary key will stand on."""
    include = f" INCLUDE ({listed(constraint.include)})" if constraint.include else ""
    nulls = " NULLS NOT DISTINCT" if constraint.nulls_not_distinct else ""
    keys = tuple(quoted(column) for column in constraint.columns)
    return Step(
        sql=f"CREATE UNIQUE INDEX CONCURRENTLY {quoted(name)} ON {table}"
        f" ({', '.join(keys)}){include}{nulls}",
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        concurrent=True,
        postcondition=_index_stands(table, name, unique=True, partial=False, keys=keys),
        reverse=f"DROP INDEX CONCURRENTLY IF EXISTS {_beside(table, name)}",
    )


def constraint_on_index(table: str, name: str, constraint: Constraint) -> Step:
    """A unique constraint or primary key made of an index that stands: the catalog alone."""
    kind = constraint.kind.value.upper()
    deferred = " INITIALLY DEFERRED" if constraint.initially_deferred else ""
    deferrable = f" DEFERRABLE{deferred}" if constraint.deferrable else ""
    return Step(
        sql=f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)}"
        f" {kind} USING INDEX {quoted(name)}{deferrable}",
        lock=Lock.ACCESS_EXCLUSIVE,
        postcondition=_constraint_stands(table, name),
        reverse=_drop(table, name),
    )


def not_valid(
    table: str, name: str, definition: str, lock: Lock, *, for_a_while: bool = False
) -> Step:
    """A constraint that holds for new rows only, so far; `for_a_while` is one dropped again."""
    return Step(
        sql=f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {definition} NOT VALID",
        lock=lock,
        postcondition=_constraint_stands(table, name),
        reverse="" if for_a_while else _drop(table, name),
    )


def validate(table: str, name: str) -> Step:
    """It is made to hold for the rows that are there, which may be read and written meanwhile."""
    return Step(
        sql=f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(name)}",
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        postcondition=_constraint_stands(table, name, " AND convalidated"),
        reverse="",
    )


def brief(sql: str, postcondition: str, reverse: str | None = None) -> Step:
    """A change of the catalog alone, under ACCESS EXCLUSIVE."""
    return Step(sql=sql, lock=Lock.ACCESS_EXCLUSIVE, postcondition=postcondition, reverse=reverse)


def dropped_constraint(table: str, name: str, reverse: str | None = "") -> Step:
    """A constraint taken away; nothing brings one back that was only there for a while."""
    return brief(_drop(table, name), f"SELECT NOT ({_constraint(table, name)})", reverse)


def column_is(table: str, name: str, condition: str) -> str:
    """A SELECT of whether a column is there and something is true of it in pg_attribute."""
    return (
        f"SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass({literal(table)})"
        f" AND attname = {literal(name)} AND NOT attisdropped AND {condition})"
    )


def _drop(table: str, name: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}"


def _constraint(table: str, name: str, condition: str = "") -> str:
    return (
        f"EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass({literal(table)})"
        f" AND conname = {literal(name)}{condition})"
    )


def _constraint_stands(table: str, name: str, condition: str = "") -> str:
    return f"SELECT {_constraint(table, name, condition)}"


def _index_stands(
    table: str, name: str, *, unique: bool, partial: bool, keys: tuple[str, ...]
) -> str:
    """Never by its name alone: what failed halfway has the name and is not valid."""
    alike = [
        "i.indisvalid",
        f"i.indisunique = {str(unique).lower()}",
        f"(i.indpred IS NOT NULL) = {str(partial).lower()}",
    ]
    if keys:
        names = ", ".join(f"quote_ident({literal(last(key))})" for key in keys)
        alike.append(
            "ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true)"
            f" FROM generate_series(1, i.indnkeyatts) AS n) = ARRAY[{names}]"
        )
    return f"SELECT EXISTS ({index_query(table, name, ' AND '.join(alike))})"


def index_query(table: str, name: str, condition: str) -> str:
    """A SELECT of no columns with one row, where the table has such an index."""
    return (
        "SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        f" WHERE i.indrelid = to_regclass({literal(table)}) AND c.relname = {literal(name)}"
        f" AND {condition}"
    )


def _beside(table: str, name: str) -> str:
    """An index's name with the schema of its table, where that was given."""
    schema = table[: -len(quoted(last(table)))]
    return schema + quoted(name)
