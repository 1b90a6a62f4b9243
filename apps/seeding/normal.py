"""Python source without comments, docstrings and layout, alike under every Python version."""

import inspect
import io
import tokenize
from collections.abc import Iterator
from tokenize import TokenInfo

_DROPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
_MARKS = {tokenize.NEWLINE: "\n", tokenize.INDENT: "\x01", tokenize.DEDENT: "\x02"}
# From Python 3.12 on an f-string is many tokens, from 3.14 on a t-string too; before it was one.
_OPENING = {getattr(tokenize, f"{kind}STRING_START", -1) for kind in "FT"}
_CLOSING = {getattr(tokenize, f"{kind}STRING_END", -1) for kind in "FT"}


def normalised(source: str) -> str:
    """What is left when only what counts is left; of a fragment, as far as it can be read."""
    text = inspect.cleandoc("\n" + source) + "\n"
    lines: list[list[TokenInfo]] = [[]]
    for token in _strings_whole(_tokens(text), text.splitlines(keepends=True)):
        if token.type not in _DROPPED:
            lines[-1].append(token)
        if token.type == tokenize.NEWLINE:
            lines.append([])
    words = [
        _MARKS.get(token.type, token.string) for line in lines for token in _without_docstring(line)
    ]
    return _join(words)


def _tokens(text: str) -> Iterator[TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # a lambda cut out of a longer line
        return


def _strings_whole(tokens: Iterator[TokenInfo], lines: list[str]) -> Iterator[TokenInfo]:
    depth, start = 0, (0, 0)
    for token in tokens:
        if token.type in _OPENING:
            start = start if depth else token.start
            depth += 1
        elif token.type in _CLOSING:
            depth -= 1
            if not depth:
                whole = _between(lines, start, token.end)
                yield TokenInfo(tokenize.STRING, whole, start, token.end, token.line)
        elif not depth:
            yield token


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    middle = lines[start[0] : end[0] - 1]
    return "".join([lines[start[0] - 1][start[1] :], *middle, lines[end[0] - 1][: end[1]]])


def _without_docstring(line: list[TokenInfo]) -> list[TokenInfo]:
    """The line, or where it is a string alone, what it says about indentation."""
    indentation = [t for t in line if t.type in (tokenize.INDENT, tokenize.DEDENT)]
    kinds = [t.type for t in line if t not in indentation]
    return indentation if kinds == [tokenize.STRING, tokenize.NEWLINE] else line


def _join(words: list[str]) -> str:
    """With a space only where two words would else become one."""
    joined = ""
    for word in words:
        apart = joined[-1:].isidentifier() or joined[-1:].isdigit()
        joined += " " + word if apart and (word[:1].isidentifier() or word[:1].isdigit()) else word
    return joined
