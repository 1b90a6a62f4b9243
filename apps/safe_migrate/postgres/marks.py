"""The journal of a swap: what a database of ours is for, in its comment, where a kill leaves it.

A name has room for 63 bytes only, so whose database it is stands in the comment as well.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from psycopg import Connection

from safe_migrate.postgres import databases

NAME_BYTES = 63
KEY = "safe_migrate"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_OURS = re.compile(r"(?P<of>.*)__new_\d{8}T\d{12}Z", re.DOTALL)


class Role(StrEnum):
    """What a marked database is."""

    NEW = "new"
    """Being filled: worth nothing after a kill."""
    READY = "ready"
    """About to take the name of the other: closed to everybody until it has."""
    OLD = "old"
    """Kept from before a swap."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What stands in the comment of one of our databases."""

    role: Role
    of: str
    """The database whose place it takes or took."""
    at: str
    """UTC, ISO 8601: when it was begun or put aside."""
    backup: str = ""
    """The backup that it was filled from, or that took its place."""
    was: str = ""
    """READY only: the role before."""
    comment: str = ""
    """The comment that it has under the name `of`."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A database with a mark."""

    name: str
    mark: Mark
    size: int
    """Bytes on disk; 0 where we may not ask."""


def name_for(database: str, role: Role, moment: datetime) -> str:
    """`NAME__role_TIMESTAMP`, the name cut so that all of it fits, never inside a character."""
    suffix = f"__{role.value}_{moment.astimezone(UTC).strftime(_STAMP)}"
    kept = database.encode()[: NAME_BYTES - len(suffix)].decode(errors="ignore")
    return kept + suffix


def now() -> str:
    """The time as marks have it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def to_comment(mark: Mark) -> str:
    """As JSON, below a key of our own."""
    return json.dumps({KEY: {key: value for key, value in asdict(mark).items() if value}})


def from_comment(text: str) -> Mark | None:
    """None for anybody else's comment."""
    try:
        given: Any = json.loads(text)[KEY]
        return replace(Mark(**given), role=Role(given["role"]))
    except (ValueError, KeyError, TypeError):
        return None


def write(session: Connection, name: str, mark: Mark) -> None:
    """Replace the comment of a database by a mark."""
    databases.set_comment(session, name, to_comment(mark))


def of(session: Connection, database: str) -> list[Marked]:
    """The databases marked as belonging to another, newest first."""
    rows = session.execute(
        """
        SELECT datname, shobj_description(oid, 'pg_database'),
               CASE WHEN pg_has_role(datdba, 'USAGE') THEN pg_database_size(oid) ELSE 0 END
        FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE '{"safe_migrate"%'
        """
    ).fetchall()
    marked = [
        Marked(name, mark, size)
        for name, text, size in rows
        if (mark := from_comment(text)) is not None and mark.of == database
    ]
    # Names hold the moment to the microsecond, marks to the second.
    return sorted(marked, key=lambda known: (known.mark.at, known.name[-22:]), reverse=True)


def unmarked(session: Connection, database: str) -> list[str]:
    """Databases that a kill may have kept from being marked: of our naming, without a comment."""
    rows = session.execute(
        "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') IS NULL"
        " AND pg_has_role(datdba, 'USAGE')"
    ).fetchall()
    found = []
    for (name,) in rows:
        match = _OURS.fullmatch(name)
        if match and match["of"] == name_for(database, Role.NEW, datetime.now(UTC))[:-28]:
            found.append(name)
    return found
