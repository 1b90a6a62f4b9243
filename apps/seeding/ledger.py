"""What has been loaded: one row per seed, in a table of the tool's own that no migration knows.

It is written in the transaction that loads, so it never says more or less than is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from safe_migrate.postgres import control

TABLE = "seeding_ledger"

_CREATE = """
CREATE TABLE IF NOT EXISTS seeding_ledger (
    seed text PRIMARY KEY,
    kind text NOT NULL,
    definition text NOT NULL,
    environment text NOT NULL,
    random_seed bigint NOT NULL,
    scale double precision NOT NULL,
    rows jsonb NOT NULL,
    versions jsonb NOT NULL,
    run uuid NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A seed that has been loaded."""

    seed: str
    kind: str
    definition: str
    """Hash of everything that decides which rows it makes."""
    environment: str
    random_seed: int
    scale: float
    rows: Mapping[str, int]
    """Table → rows."""
    versions: Mapping[str, str]
    """Of what made the rows: another Faker has other names."""
    run: str


def ensure(own: Connection) -> None:
    """Create the table where it is missing; idempotent, called under the runner's lock."""
    if not control.exists(own, TABLE):
        own.execute(_CREATE)


def read(own: Connection) -> dict[str, Entry]:
    """Seed → entry. Writes nothing, also where the table is not there yet."""
    if not control.exists(own, TABLE):
        return {}
    rows = own.execute(
        "SELECT seed, kind, definition, environment, random_seed, scale, rows, versions, run::text"
        " FROM seeding_ledger ORDER BY seed"
    ).fetchall()
    names = tuple(Entry.__dataclass_fields__)
    return {row[0]: Entry(**dict(zip(names, row, strict=True))) for row in rows}


def write(raw: Connection, entries: Iterable[Entry]) -> None:
    """Record, on the connection and in the transaction that loaded."""
    for entry in entries:
        values: list[Any] = [
            entry.seed,
            entry.kind,
            entry.definition,
            entry.environment,
            entry.random_seed,
            entry.scale,
            Jsonb(dict(entry.rows)),
            Jsonb(dict(entry.versions)),
            entry.run,
        ]
        raw.execute(
            "INSERT INTO seeding_ledger"
            " (seed, kind, definition, environment, random_seed, scale, rows, versions, run)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (seed) DO UPDATE SET"
            " kind = excluded.kind, definition = excluded.definition,"
            " environment = excluded.environment, random_seed = excluded.random_seed,"
            " scale = excluded.scale, rows = excluded.rows, versions = excluded.versions,"
            " run = excluded.run, loaded_at = now()",
            values,
        )


def forget(raw: Connection, seeds: Sequence[str]) -> None:
    """Drop the entries of seeds whose rows are deleted in the same transaction."""
    raw.execute("DELETE FROM seeding_ledger WHERE seed = ANY (%s)", [list(seeds)])


def emptied(own: Connection, entry: Entry) -> bool:
    """Whether nothing of it can be left: every table it filled is empty or gone."""
    filled = [table for table, rows in entry.rows.items() if rows]
    return bool(filled) and not any(has_rows(own, table) for table in filled)


def has_rows(own: Connection, table: str) -> bool:
    """Whether the table exists and holds a row."""
    if not _resolves(own, table):
        return False
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
    row = own.execute(query).fetchone()
    return bool(row and row[0])


def _resolves(own: Connection, table: str) -> bool:
    row = own.execute("SELECT to_regclass(quote_ident(%s)) IS NOT NULL", [table]).fetchone()
    return bool(row and row[0])
