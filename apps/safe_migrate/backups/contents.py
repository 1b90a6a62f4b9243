"""What pg_restore --list says of an archive, and how its data is shared out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# "2598; 0 16386 TABLE DATA public book postgres": id; two oids, kind, schema, name, owner
_ENTRY = re.compile(r"(?P<id>\d+); \d+ \d+ (?:(?P<data>TABLE DATA) )?(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the archive's data section."""

    id: int
    table: str
    """As the manifest names it: schema.table; empty for what is no table's data."""


def entries(listing: Iterable[str]) -> list[Entry]:
    """The entries of pg_restore --list --section=data, in the archive's order.

    Besides tables' data there are large objects with their grants and comments, and sequences.
    """
    found = (_ENTRY.fullmatch(line) for line in listing)
    return [Entry(int(match["id"]), _table(match)) for match in found if match]


def _table(match: "re.Match[str]") -> str:
    """Names may hold blanks: this is only asked for a table's size, so a miss does no harm."""
    if not match["data"]:
        return ""
    schema, _, rest = match["rest"].partition(" ")
    return f"{schema}.{rest.rpartition(' ')[0]}"


def share(found: Sequence[Entry], weights: Mapping[str, int], streams: int) -> list[list[int]]:
    """Ids for each stream, the heaviest tables first to whoever has least, in the archive's order.

    The first stream also gets what belongs to no table. A stream reads the archive once from its
    head to its end, so the order within it must be the archive's.
    """
    loads = [0] * streams
    shares: list[set[int]] = [set() for _ in range(streams)]
    for entry in sorted(found, key=lambda entry: -weights.get(entry.table, 0)):
        least = 0 if not entry.table else loads.index(min(loads))
        loads[least] += weights.get(entry.table, 0) + 1
        shares[least].add(entry.id)
    order = [entry.id for entry in found]
    return [kept for ids in shares if (kept := [id for id in order if id in ids])]
