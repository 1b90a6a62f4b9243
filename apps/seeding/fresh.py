"""What `--fresh` empties: the tables that seeds have filled, and never one row more by cascade.

DELETE and not TRUNCATE: it stops no reader, and it can tell an empty table that refers to ours
from one whose rows would be orphaned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.apps import apps
from psycopg import Connection, sql

from safe_migrate.errors import Refused
from seeding.api import Kind
from seeding.ledger import Entry


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key from one table to another."""

    table: str
    columns: tuple[str, ...]
    to: str


def entries_of(
    entries: Mapping[str, Entry], only: Sequence[str] | None
) -> tuple[dict[str, Entry], set[str]]:
    """The seeds that are undone, all or those named, and the tables they filled.

    Raises Refused (SD-131) where one of these tables also holds another seed's rows.
    """
    undone = {
        name: entry
        for name, entry in entries.items()
        if entry.kind != Kind.REFERENCE and (only is None or name in only)
    }
    tables = {table for entry in undone.values() for table in entry.rows}
    for name, entry in entries.items():
        shared = sorted(tables & set(entry.rows))
        if shared and entry.kind != Kind.REFERENCE and name not in undone:
            raise Refused(
                "SD-131",
                f"{shared[0]} also holds rows of the seed {name}, which would be lost.",
                next=(
                    f"python manage.py seed --fresh {_only([*undone, name])}",
                    "python manage.py seed --fresh",
                ),
            )
    return undone, tables | _joined(tables)


def _joined(tables: Iterable[str]) -> set[str]:
    """The tables that Django keeps for the many-to-many fields of these tables' models."""
    wanted = set(tables)
    return {
        field.m2m_db_table()
        for model in apps.get_models()
        if model._meta.db_table in wanted
        for field in model._meta.local_many_to_many
        if (through := field.remote_field.through) is not None and through._meta.auto_created
    }


def existing(own: Connection, tables: Iterable[str]) -> dict[str, int]:
    """Table → rows, for those that are there."""
    return {
        table: _count(own, table)
        for table in sorted(tables)
        if (own.execute("SELECT to_regclass(quote_ident(%s))", [table]).fetchone() or [None])[0]
    }


def _count(own: Connection, table: str, columns: Sequence[str] = ()) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    if columns:
        given = [sql.SQL("{} IS NOT NULL").format(sql.Identifier(column)) for column in columns]
        query = query + sql.SQL(" WHERE ") + sql.SQL(" AND ").join(given)
    row = own.execute(query).fetchone()
    return int(row[0]) if row else 0


def references(own: Connection, tables: Iterable[str]) -> list[Reference]:
    """Every foreign key that points to one of the tables."""
    rows = own.execute(
        """
        SELECT referring.relname, referred.relname,
               array(SELECT attname::text FROM unnest(c.conkey) key
                     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = key)
        FROM pg_constraint c
        JOIN pg_class referring ON referring.oid = c.conrelid
        JOIN pg_class referred ON referred.oid = c.confrelid
        WHERE c.contype = 'f' AND c.conparentid = 0
          AND c.confrelid = ANY (
              SELECT to_regclass(quote_ident(name))::oid FROM unnest(%s::text[]) name)
        ORDER BY 1, 2
        """,
        [list(tables)],
    ).fetchall()
    return [Reference(table, tuple(columns), to) for table, to, columns in rows]


def require_closed(
    own: Connection,
    tables: Iterable[str],
    known: Sequence[Reference],
    entries: Mapping[str, Entry],
    undone: Iterable[str],
) -> None:
    """Raise Refused (SD-132) where rows outside the tables refer to rows in them."""
    inside = set(tables)
    outside = [
        (reference, rows)
        for reference in known
        if reference.table not in inside
        and (rows := _count(own, reference.table, reference.columns))
    ]
    if not outside:
        return
    first = outside[0][0].table
    owners = sorted(name for name, entry in entries.items() if first in entry.rows)
    lines = [
        f"{reference.table}.{', '.join(reference.columns)} → {reference.to}: {rows:,} rows"
        for reference, rows in outside
    ]
    if owners:
        way_out = f"python manage.py seed --fresh {_only([*undone, *owners])}"
    else:
        way_out = f'If they may go: DELETE FROM "{first}";'
    raise Refused(
        "SD-132",
        "Rows that are not being deleted refer to rows that --fresh would delete:\n"
        + "\n".join(lines),
        next=(way_out, "python manage.py seed --fresh --plan"),
    )


def arrange(tables: Iterable[str], known: Sequence[Reference]) -> list[str]:
    """The tables in the order of deletion: whoever refers to another comes before it. Pure."""
    waiting = sorted(tables)
    ordered: list[str] = []
    while waiting:
        referred = {
            reference.to
            for reference in known
            if reference.table in waiting and reference.table != reference.to
        }
        # In a circle there is no first: foreign keys of Django are checked at the end anyway.
        free = [table for table in waiting if table not in referred] or waiting[:1]
        ordered += free
        waiting = [table for table in waiting if table not in free]
    return ordered


def empty(raw: Connection, tables: Sequence[str]) -> None:
    """Delete every row, in this order, on the connection and in the transaction that loads."""
    for table in tables:
        raw.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


def _only(names: Iterable[str]) -> str:
    return " ".join(f"--only {name}" for name in dict.fromkeys(names))
