"""What a database's schema is, object by object, as digests that a restore must bring back."""

import hashlib
from collections.abc import Iterator

from psycopg import Connection
from psycopg.rows import tuple_row

from safe_migrate.postgres.pinned import pinned
from safe_migrate.postgres.schema import database, relations, routines
from safe_migrate.postgres.schema.expression import canonical

QUERIES = (*database.QUERIES, *relations.QUERIES, *routines.QUERIES)

SEQUENCE_VALUE = "sequence value"
"""The one kind that is no digest: "up 42", "down -7" or "cycling", the last value handed out.

Values move outside of transactions, even between this reading and the dump of the same snapshot.
So they are kept readable, and a comparison asks whether the restored sequence is at least as far;
one that was never used has no entry.
"""

RELATIONS = ("table", "view", "materialised view", "foreign table", "domain")
"""Kinds whose names the names of columns, constraints, triggers, policies and rules begin with."""

OF_THE_SERVER = ("owner of", "grants on", "default privileges of", "tablespace of", "user mapping")
"""Kinds that name roles or tablespaces, which another server does not have."""


def objects(session: Connection) -> dict[str, str]:
    """ "kind qualified.name" → 16 hexadecimal digits of the object's definition.

    Two databases with the same definitions give the same digests, whatever their order of columns
    and the names of their NOT NULL constraints, and also across a dump and its restore. Left out
    are what extensions own, invalid indexes, subscriptions, and versions of extensions. Any role
    may call this; it reads the snapshot of the transaction that the session is in, or its own.
    """
    with pinned(session):
        return dict(_definitions(session)) | dict(_sequence_values(session))


def _definitions(session: Connection) -> Iterator[tuple[str, str]]:
    cursor = session.cursor(row_factory=tuple_row)
    for query in QUERIES:
        for kind, name, definition, expression, owner, grants in cursor.execute(query.encode()):
            key = f"{kind} {name}"
            yield key, _digest(f"{definition}\0{canonical(expression or '')}")
            if owner is not None:
                yield f"owner of {key}", _digest(owner)
            if grants is not None:
                yield f"grants on {key}", _digest(grants)


def _sequence_values(session: Connection) -> Iterator[tuple[str, str]]:
    cursor = session.cursor(row_factory=tuple_row)
    for name, ascending, cycles, value in cursor.execute(relations.SEQUENCE_VALUES.encode()):
        if value is not None:
            way = "cycling" if cycles else f"{'up' if ascending else 'down'} {value}"
            yield f"{SEQUENCE_VALUE} {name}", way


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
