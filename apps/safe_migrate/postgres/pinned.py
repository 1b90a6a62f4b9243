"""Reading with the settings that change how PostgreSQL writes values and definitions held still."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection
from psycopg.pq import TransactionStatus

# Each of these changes the text of a value or of a deparsed definition; the last three make a row
# that may not be seen an error, and let long reads finish (pg_dump sets the first two as well).
SETTINGS = {
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "row_security": "off",
    "statement_timeout": "0",
    "jit": "off",
}


@contextmanager
def pinned(session: Connection) -> Iterator[None]:
    """Inside, the session reads alike whoever it belongs to; afterwards it is as it was before.

    In a transaction of the caller a savepoint holds the settings and is rolled back. Else one
    snapshot of its own is read, and nothing can be written.
    """
    alone = session.info.transaction_status == TransactionStatus.IDLE
    with session.transaction(force_rollback=True):
        if alone:
            session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        session.execute(
            "SELECT set_config(s, v, true) FROM unnest(%s::text[], %s::text[]) AS given(s, v)",
            [list(SETTINGS), list(SETTINGS.values())],
        )
        yield
