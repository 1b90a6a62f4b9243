"""Deparsed SQL brought to a form that is the same before a dump and after its restore.

PostgreSQL prints CHECK (status IN ('a', 'b')) on a varchar column with other casts and parentheses
once it has been reloaded. The result only ever feeds a digest: it is not SQL any more.
"""

import re

_NAME = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_MANY_WORDS = (
    r"character\ varying|double\ precision|bit\ varying"
    r"|time(?:stamp)?(?:\(\d+\))?\ with(?:out)?\ time\ zone"
    r"|interval(?:\ (?:year|month|day|hour|minute|second)(?:\ to\ (?:month|hour|minute|second))?)?"
)
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
    | (?P<cast>::(?:(?:{_MANY_WORDS})\b|{_NAME}(?:\.{_NAME})*)(?:\([^()]*\))?(?:\[\d*\])*)
    | (?P<text>\b[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*')
    | (?P<call>{_NAME}\()
    | (?P<name>{_NAME})
    | (?P<number>\d[\w.]*)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def canonical(deparsed: str) -> str:
    """The tokens without casts, and without any parentheses but those of a function's arguments.

    `deparsed` is what a pg_get_…def function gives under standard_conforming_strings. Quoted text
    and quoted names stay as they are. So `(a + b) * c` and `a + b * c` are taken for the same.
    """
    tokens: list[str] = []
    calls: list[bool] = []
    for match in _TOKEN.finditer(deparsed):
        kind = match.lastgroup
        if kind in ("space", "cast"):
            continue
        if kind in ("call", "open"):
            calls.append(kind == "call")
            if kind == "open":
                continue
        if kind == "close" and not (calls and calls.pop()):
            continue
        tokens.append(match.group())
    return " ".join(tokens)
