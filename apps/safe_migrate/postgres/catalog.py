"""Questions to the server's catalog and activity views. Nothing here writes."""

from dataclasses import dataclass

from psycopg import Connection

from safe_migrate.postgres.locks import Holder, as_holder


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the preflight asks of the server, in one round."""

    in_recovery: bool
    read_only: bool
    may_create: bool
    schema: str
    superuser: bool
    deadlock_timeout_ms: int
    size_bytes: int


def server_facts(session: Connection) -> ServerFacts:
    """State of the server and rights of our role in the current database."""
    row = session.execute(
        """
        SELECT pg_is_in_recovery(),
               current_setting('default_transaction_read_only')::bool,
               coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
               coalesce(current_schema(), ''),
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
               (SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'),
               pg_database_size(current_database())
        """
    ).fetchone()
    assert row is not None  # noqa: S101 (a SELECT without FROM gives one row)
    return ServerFacts(*row)


def tables_of_others(session: Connection, tables: list[str]) -> list[tuple[str, str]]:
    """(table, owner) of those given that exist and that our role may not alter."""
    return session.execute(
        """
        SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.relname = ANY (%s) AND pg_table_is_visible(c.oid)
          AND NOT pg_has_role(c.relowner, 'USAGE')
        ORDER BY 1
        """,
        [tables],
    ).fetchall()


def invalid_indexes(session: Connection) -> list[tuple[str, str]]:
    """(index, table), quoted and qualified as needed, of every index left INVALID."""
    return session.execute(
        """
        SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT i.indisvalid AND c.relkind = 'i'
          AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p
                          WHERE p.index_relid = i.indexrelid)
        ORDER BY 1
        """
    ).fetchall()


def unvalidated_constraints(session: Connection) -> list[tuple[str, str]]:
    """(constraint, table) of every constraint that is NOT VALID."""
    return session.execute(
        """
        SELECT quote_ident(conname), conrelid::regclass::text FROM pg_constraint
        WHERE NOT convalidated AND conrelid <> 0 ORDER BY 1
        """
    ).fetchall()


def long_transactions(session: Connection, seconds: float) -> list[Holder]:
    """Other sessions in this database whose transaction is older than `seconds`."""
    rows = session.execute(
        """
        SELECT pid, usename, application_name,
               extract(epoch FROM clock_timestamp() - xact_start), query
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'
          AND clock_timestamp() - xact_start > make_interval(secs => %s)
        ORDER BY xact_start
        """,
        [seconds],
    ).fetchall()
    return [as_holder(row) for row in rows]


def lock_holders(session: Connection, relations: tuple[str, ...], waiter: int) -> list[Holder]:
    """Sessions that hold a lock on any of the relations, oldest first.

    `relations` are quoted names as in the statement; where none is known, every other session that
    holds a lock on a table. `waiter` is the backend that did not get its lock.
    """
    rows = session.execute(
        """
        SELECT DISTINCT a.pid, a.usename, a.application_name,
               extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)) age,
               a.query
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.granted AND l.pid <> ALL (ARRAY[pg_backend_pid(), %(waiter)s])
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND CASE WHEN cardinality(%(names)s::text[]) = 0
                   THEN l.locktype = 'relation' AND l.relation >= 16384
                   ELSE l.relation = ANY (SELECT to_regclass(n)::oid FROM unnest(%(names)s) n) END
        ORDER BY age DESC
        """,
        {"names": list(relations), "waiter": waiter},
    ).fetchall()
    return [as_holder(row) for row in rows]


def exclusive_holders(session: Connection) -> list[Holder]:
    """Other sessions that hold a lock on a table of this database which forbids reading it."""
    rows = session.execute(
        """
        SELECT DISTINCT a.pid, a.usename, a.application_name,
               extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)) age,
               a.query
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation'
          AND l.relation >= 16384 AND l.pid <> pg_backend_pid()
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY age DESC
        """
    ).fetchall()
    return [as_holder(row) for row in rows]


def rows_changed(session: Connection) -> dict[str, int]:
    """Table → rows inserted, updated and deleted so far, by the statistics collector."""
    rows = session.execute(
        "SELECT relid::regclass::text, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
    ).fetchall()
    return dict(rows)
