"""A restored database held against its manifest: what is missing, more, or not the same."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from psycopg import Connection

from safe_migrate.postgres import fingerprint as fingerprinting
from safe_migrate.postgres import schema, snapshot

LIMIT = 20

# A new database has this schema whether the old one did or not; pg_dump only ever adds.
GIVEN = tuple(f"{about}schema public" for about in ("", "owner of ", "grants on ", "comment on "))
# Their text is deparsed differently since 16, and 17 has one more privilege on tables.
VERSIONED = ("view ", "materialised view ", "grants on ")


class Recorded(Protocol):
    """What of a manifest is compared."""

    @property
    def server_major(self) -> int: ...
    @property
    def objects(self) -> Mapping[str, str]: ...
    @property
    def rows(self) -> Mapping[str, int]: ...
    @property
    def fingerprints(self) -> Mapping[str, str]: ...


def differences(
    manifest: Recorded, session: Connection, *, fingerprint: bool, ownership: bool
) -> list[str]:
    """A sentence for each difference, at most LIMIT of them and a count of the rest; [] for equal.

    Compares every object of the schema and every table's exact number of rows; with `fingerprint`
    the rows themselves, where the manifest has their fingerprints; with `ownership` owners, grants
    and tablespaces too, which a server with other roles cannot have. On another major version of
    PostgreSQL a view needs only to be there.
    """
    found = schema.objects(session)
    same_major = session.info.server_version // 10000 == manifest.server_major
    counted = snapshot.count_rows(session)
    told = [
        *_objects(manifest.objects, found, ownership=ownership, same_major=same_major),
        *_rows(manifest, counted),
    ]
    if fingerprint and manifest.fingerprints:
        prints = fingerprinting.fingerprints(session, manifest.fingerprints)
        told += _fingerprints(manifest, counted, prints)
    if len(told) > LIMIT:
        return [*told[:LIMIT], f"and {len(told) - LIMIT} more"]
    return told


def _objects(
    recorded: Mapping[str, str], found: Mapping[str, str], *, ownership: bool, same_major: bool
) -> Iterator[str]:
    if not recorded:
        return
    for key in sorted(recorded.keys() | found.keys()):
        if key.startswith(schema.OF_THE_SERVER) and not ownership:
            continue
        if key.startswith(schema.SEQUENCE_VALUE):
            yield from _sequence(key, recorded, found)
        elif key not in found:
            if not _goes_with_another(key, recorded, found):
                yield f"{key} is missing"
        elif key not in recorded:
            if key not in GIVEN and not _goes_with_another(key, found, recorded):
                yield f"{key} is not in the backup"
        elif recorded[key] != found[key] and (same_major or not key.startswith(VERSIONED)):
            yield f"{key} is not as in the backup"


def _goes_with_another(key: str, there: Mapping[str, str], gone: Mapping[str, str]) -> bool:
    """Whether it is told already by what it belongs to: its table, or what it is the owner of."""
    kind, _, name = key.partition(" ")
    if kind in ("column", "constraint", "trigger", "policy", "rule"):
        # A name may hold dots itself, so each may be where the table's ends.
        ends = [at for at, character in enumerate(name) if character == "."]
        parents = [f"{kind} {name[:at]}" for at in ends for kind in schema.RELATIONS]
    elif key.startswith(("owner of ", "grants on ", "comment on ")):
        parents = [key.split(" ", 2)[2]]
    else:
        parents = []
    return any(parent in there and parent not in gone for parent in parents)


def _sequence(key: str, recorded: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Values move while the dump is made, so the restored one may be further on, never behind."""
    name = key.removeprefix(f"{schema.SEQUENCE_VALUE} ")
    if key not in recorded or f"sequence {name}" not in found:
        return
    way, _, value = recorded[key].partition(" ")
    now_way, _, now = found.get(key, "").partition(" ")
    if not now_way:
        yield f"sequence {name} was never used, the backup has it at {value or 'some value'}"
    elif way == now_way and value and (int(now) - int(value)) * (1 if way == "up" else -1) < 0:
        yield f"sequence {name} is at {now}, the backup has it at {value}"


def _rows(manifest: Recorded, counted: Mapping[str, int]) -> Iterator[str]:
    for table in sorted(manifest.rows):
        if table in counted:
            if counted[table] != manifest.rows[table]:
                yield _counts(table, counted[table], manifest.rows[table])
        elif not manifest.objects:
            yield f"table {table} is missing"


def _counts(table: str, now: int, then: int) -> str:
    return f"table {table} has {now} row{'' if now == 1 else 's'}, the backup has {then}"


def _fingerprints(
    manifest: Recorded, counted: Mapping[str, int], prints: Mapping[str, str]
) -> Iterator[str]:
    """Of tables alone: a materialised view is made anew from them, even where it was stale."""
    for table in sorted(manifest.fingerprints):
        same_number = table in counted and counted[table] == manifest.rows.get(table)
        if same_number and prints.get(table) != manifest.fingerprints[table]:
            yield f"the rows of table {table} are not those of the backup"
    large = fingerprinting.LARGE_OBJECTS
    if prints.get(large) != manifest.fingerprints.get(large):
        yield "the large objects are not those of the backup"
