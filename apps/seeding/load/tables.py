"""What PostgreSQL itself says about the load: rows per table, sequences, statistics."""

from collections.abc import Iterable

from psycopg import Connection, sql


def written(raw: Connection) -> dict[str, int]:
    """Table → rows inserted or updated by this transaction so far, whoever did it.

    So the rows that hooks, signals and triggers made are counted too.
    """
    rows = raw.execute(
        "SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_xact_user_tables"
        " WHERE schemaname = ANY (current_schemas(false)) AND n_tup_ins + n_tup_upd > 0"
    ).fetchall()
    return {str(table): int(count) for table, count in rows}


def since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The rows written between two looks. Pure."""
    return {
        table: rows - before.get(table, 0)
        for table, rows in sorted(after.items())
        if rows > before.get(table, 0)
    }


def advance_sequences(raw: Connection, tables: Iterable[str]) -> None:
    """No sequence stays behind a number that a factory gave itself; none is ever set back."""
    columns = raw.execute(
        """
        SELECT name, a.attname::text, pg_get_serial_sequence(quote_ident(name), a.attname)
        FROM unnest(%s::text[]) name
        JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(name))
        WHERE a.attnum > 0 AND NOT a.attisdropped
          AND pg_get_serial_sequence(quote_ident(name), a.attname) IS NOT NULL
        """,
        [list(tables)],
    ).fetchall()
    for table, column, sequence in columns:
        highest = sql.SQL("SELECT max({}) AS highest FROM {}").format(
            sql.Identifier(column), sql.Identifier(table)
        )
        raw.execute(
            sql.SQL(
                "SELECT setval(%(sequence)s::regclass, highest) FROM ({}) found"
                " WHERE highest > coalesce(pg_sequence_last_value(%(sequence)s::regclass), 0)"
            ).format(highest),
            {"sequence": sequence},
        )


def analyze(raw: Connection, tables: Iterable[str]) -> None:
    """The planner should know that the tables are no longer empty."""
    for table in tables:
        raw.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
