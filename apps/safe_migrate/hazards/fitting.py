"""Which values of a column a new type does not hold, as conditions to ask the rows by. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.column_types import INTEGERS, NUMBERS, TEXTS, Type, parsed
from safe_migrate.hazards.words import literal, quoted

_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_LONGEST = {"smallint": 6, "integer": 11, "bigint": 20, "uuid": 36, "boolean": 5, "date": 13}
"""Characters of the longest value as text; of others nothing is said."""
_STAMPS = ("timestamp without time zone", "timestamp with time zone")
_ALIKE = (
    TEXTS,
    NUMBERS,
    frozenset({"timestamp without time zone", "timestamp with time zone"}),
    frozenset({"time without time zone", "time with time zone"}),
    frozenset({"json", "jsonb"}),
    frozenset({"inet", "cidr"}),
    frozenset({"oid", "regclass", "integer"}),
)
FIRST_WITH_INPUT_CHECK = 16
"""pg_input_is_valid came with PostgreSQL 16."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Rows that a change of type does something to that nobody wants."""

    effect: Effect
    rows: str
    """What they have: "more than 10 characters"."""
    then: str
    """What becomes of them: "they are cut"."""
    condition: str = ""
    """To ask for them; empty where the server cannot tell beforehand."""


def misfits(column: str, before: str, after: str, *, cast: bool, major: int) -> Iterator[Misfit]:
    """All that may not fit; `cast` says that USING casts, which cuts texts without a word."""
    old, new, name = parsed(before), parsed(after), quoted(column)
    if old.array or new.array:
        return
    if new.name in ("character varying", "character") and new.modifiers:
        yield from _lengths(name, old, new.modifiers[0], cast)
    elif old.name in TEXTS and new.name not in TEXTS:
        condition = f"NOT pg_input_is_valid({name}::text, {literal(after)})"
        known = major >= FIRST_WITH_INPUT_CHECK
        yield _fails(f"what is no {after}", condition if known else "")
    elif new.name == "numeric" and new.modifiers and old.name in NUMBERS:
        yield from _digits(name, old, new)
    elif new.name in INTEGERS and old.name in NUMBERS:
        yield from _whole(name, old, new)
    elif new.name == "date" and old.name in _STAMPS:
        yield _loses("a time of day", "it is lost", f"{name} <> {name}::date")
    elif old.name == new.name and old.name in _STAMPS and _coarser(old, new):
        yield _loses("finer fractions", "they are rounded", f"{name} <> {name}::{after}")


def _coarser(old: Type, new: Type) -> bool:
    return bool(new.modifiers) and new.modifiers[0] < (old.modifiers or (6,))[0]


def _lengths(name: str, old: Type, longest: int, cast: bool) -> Iterator[Misfit]:
    if old.name in TEXTS:
        if old.modifiers and old.modifiers[0] <= longest:
            return
        told = f"more than {longest} characters"
        if cast:
            yield _loses(told, f"they are cut to {longest}", f"char_length({name}) > {longest}")
        else:
            yield _fails(told, f"char_length(rtrim({name}, ' ')) > {longest}")
    elif _LONGEST.get(old.name, 0) > longest:
        told = f"more than {longest} characters"
        yield _loses(told, f"they are cut to {longest}", f"char_length({name}::text) > {longest}")


def _digits(name: str, old: Type, new: Type) -> Iterator[Misfit]:
    digits, scale = new.modifiers
    whole = digits - scale
    old_scale = _scale(old)
    old_whole = _DIGITS.get(old.name)
    if old.name == "numeric" and old.modifiers:
        old_whole = old.modifiers[0] - old.modifiers[1]
    rounds = old_scale is None or old_scale > scale
    if old_whole is None or old_whole > whole or (rounds and old_whole == whole):
        value = f"abs(round({name}::numeric, {scale}))"
        yield _fails(f"more than {whole} digits before the point", f"{value} >= 1e{whole}::numeric")
    if rounds:
        yield _loses(
            f"more than {scale} digits after the point",
            "they are rounded",
            f"{name}::numeric <> round({name}::numeric, {scale})",
        )


def _scale(old: Type) -> int | None:
    """Digits after the point; None for as many as there are."""
    if old.name in INTEGERS:
        return 0
    return old.modifiers[1] if old.name == "numeric" and old.modifiers else None


def _whole(name: str, old: Type, new: Type) -> Iterator[Misfit]:
    bound = INTEGERS[new.name]
    if INTEGERS.get(old.name, 2**64) > bound:
        yield _fails(f"what no {new.name} holds", f"{name} NOT BETWEEN -{bound} AND {bound - 1}")
    if _scale(old) != 0:
        yield _loses(
            "digits after the point",
            "they are rounded",
            f"{name}::numeric <> trunc({name}::numeric)",
        )


def _fails(rows: str, condition: str) -> Misfit:
    return Misfit(Effect.FAILS, rows, "the migration fails", condition)


def _loses(rows: str, then: str, condition: str) -> Misfit:
    return Misfit(Effect.LOSES_DATA, rows, f"{then}, without an error", condition)


def alike(one: str, other: str) -> bool:
    """Whether the same Python values, and the same comparisons, do for both."""
    old, new = parsed(one), parsed(other)
    if old.array != new.array:
        return False
    return old.name == new.name or any({old.name, new.name} <= group for group in _ALIKE)
