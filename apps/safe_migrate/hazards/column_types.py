"""What ALTER COLUMN TYPE costs, from the type before and the one after. Pure.

The rules are those of PostgreSQL 15 to 18, measured by tests/hazards/test_column_types.py, which
runs every pair on a server and compares the files of table and index before and after.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

TEXTS = frozenset({"character varying", "text", "character", "name"})
INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
NUMBERS = frozenset({*INTEGERS, "numeric", "real", "double precision"})

_ALIASES = {
    "bool": "boolean", "bpchar": "character", "char": "character", "decimal": "numeric",
    "float4": "real", "float8": "double precision", "int": "integer", "int2": "smallint",
    "int4": "integer", "int8": "bigint", "serial": "integer", "serial4": "integer",
    "bigserial": "bigint", "serial8": "bigint", "smallserial": "smallint",
    "serial2": "smallint", "varbit": "bit varying", "varchar": "character varying",
    "time": "time without time zone", "timetz": "time with time zone",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "interval day to second": "interval",
}  # fmt: skip
_LOCAL, _ZONED = "timestamp without time zone", "timestamp with time zone"
_PRECISE = frozenset({_LOCAL, _ZONED, "time without time zone", "time with time zone", "interval"})
_MOST_PRECISE = 6


class Change(StrEnum):
    """What PostgreSQL does to a table whose column changes its type."""

    NONE = "catalog only"
    INDEXES = "its indexes are built anew"
    REWRITE = "the table is written anew"
    IMPOSSIBLE = "there is no such cast"


@dataclass(frozen=True, slots=True)
class Type:
    """A type by PostgreSQL's full name of it: character varying, (20,), not an array."""

    name: str
    modifiers: tuple[int, ...] = ()
    array: bool = False


def parsed(text: str) -> Type:
    """A type as format_type, Django or postgast write it."""
    array = text.rstrip().endswith("]")
    bare = re.sub(r"\[\d*\]", "", text)
    found = re.search(r"\(([^)]*)\)", bare)
    words = " ".join(re.sub(r"\([^)]*\)", " ", bare).split()).removeprefix("pg_catalog.")
    name = words if '"' in words else words.lower()
    numbers = tuple(part.strip() for part in found.group(1).split(",")) if found else ()
    modifiers = tuple(int(part) for part in numbers if part.lstrip("-").isdigit())
    if name == "numeric" and len(modifiers) == 1:
        modifiers = (*modifiers, 0)
    return Type(_ALIASES.get(name, name), modifiers, array)


def change(before: str, after: str, *, utc: bool = False) -> Change:
    """What happens; `utc` says that the session's TimeZone is UTC. What is not known rewrites."""
    old, new = parsed(before), parsed(after)
    if old == new or (
        old.array and new == Type("character varying", (), True) and _is_varchar(old)
    ):
        return Change.NONE
    if old.array or new.array:
        scalar = new if old.array else old
        impossible = old.array != new.array and scalar.name in _CASTS
        return Change.IMPOSSIBLE if impossible else Change.REWRITE
    if _impossible(old.name, new.name):
        return Change.IMPOSSIBLE
    if old.name == new.name:
        return Change.NONE if _wider(old, new) else Change.REWRITE
    return _across(old, new, utc)


def _is_varchar(one: Type) -> bool:
    return one.name == "character varying"


def _wider(old: Type, new: Type) -> bool:
    """Whether every value of the old type is one of the new, by the modifiers alone."""
    if not new.modifiers:
        return old.name not in ("bit",)
    if old.name == "numeric":
        return (
            bool(old.modifiers)
            and new.modifiers[1] == old.modifiers[1]
            and (new.modifiers[0] >= old.modifiers[0])
        )
    if old.name in _PRECISE:
        return new.modifiers[0] >= (old.modifiers or (_MOST_PRECISE,))[0]
    if old.name in ("character varying", "bit varying"):
        return bool(old.modifiers) and new.modifiers[0] >= old.modifiers[0]
    return False


def _across(old: Type, new: Type, utc: bool) -> Change:
    pair = (old.name, new.name)
    if pair in _SAME_BYTES and not new.modifiers:
        return Change.NONE
    if pair in _OTHER_ORDER and not new.modifiers:
        return Change.INDEXES
    if {old.name, new.name} == {_LOCAL, _ZONED} and utc:
        precision = (new.modifiers or (_MOST_PRECISE,))[0]
        return Change.INDEXES if precision == _MOST_PRECISE else Change.REWRITE
    return Change.REWRITE


_SAME_BYTES = frozenset(
    {
        ("character varying", "text"), ("text", "character varying"), ("cidr", "inet"),
        ("xml", "text"), ("xml", "character varying"), ("xml", "character"),
        ("oid", "regclass"), ("regclass", "oid"),
    }
)  # fmt: skip
_OTHER_ORDER = frozenset(
    {
        ("character varying", "character"), ("text", "character"), ("bit", "bit varying"),
        ("integer", "oid"), ("integer", "regclass"), ("oid", "integer"), ("regclass", "integer"),
    }
)  # fmt: skip

# pg_cast without the casts from and to texts, which there always are; of types that Django uses.
_CASTS: dict[str, frozenset[str]] = {
    "smallint": NUMBERS | {"oid"},
    "integer": NUMBERS | {"boolean", "oid", "bit"},
    "bigint": NUMBERS | {"oid", "bit", "money"},
    "boolean": frozenset({"integer"}),
    "real": NUMBERS,
    "double precision": NUMBERS,
    "numeric": NUMBERS | {"money"},
    "date": frozenset({_LOCAL, _ZONED}),
    _LOCAL: frozenset({"date", "time without time zone", _ZONED}),
    _ZONED: frozenset({"date", "time without time zone", "time with time zone", _LOCAL}),
    "time without time zone": frozenset({"time with time zone", "interval"}),
    "time with time zone": frozenset({"time without time zone"}),
    "interval": frozenset({"time without time zone"}),
    "json": frozenset({"jsonb"}),
    "jsonb": NUMBERS | {"json", "boolean"},
    "uuid": frozenset(),
    "inet": frozenset({"cidr"}),
    "cidr": frozenset({"inet"}),
}


def _impossible(old: str, new: str) -> bool:
    """Whether PostgreSQL knows no cast between two types that we know (SQLSTATE 42846)."""
    if old in TEXTS or new in TEXTS or old == new:
        return False
    return old in _CASTS and new in _CASTS and new not in _CASTS[old]
