"""The text of a definition, such that it changes when what is made may change, and only then.

Comments, docstrings and layout do not count; names that a function or class uses from its own
module do: a list of cities, a function that computes a price.
"""

import inspect
import re
import sys
from typing import Any

from seeding.normal import normalised

_SCALARS = (str, bytes, int, float, complex, bool)
_WORD = re.compile(r"[^\W\d]\w*")


def text_of(*things: Any) -> str:
    """The sources of functions and classes and of what they use in their modules."""
    found: dict[str, str] = {}
    for thing in things:
        _collect(inspect.unwrap(thing), found)
    return "\n".join(f"{name}:\n{text}" for name, text in sorted(found.items()))


def _collect(thing: Any, found: dict[str, str]) -> None:
    name = f"{thing.__module__}.{thing.__qualname__}"
    if name in found:
        return
    try:
        found[name] = normalised(inspect.getsource(thing))
    except (OSError, TypeError):  # made at run time
        found[name] = ""
    module = sys.modules.get(thing.__module__)
    for word in sorted(set(_WORD.findall(found[name]))):
        value = getattr(module, word, None)
        if (text := constant(value)) is not None:
            found[f"{thing.__module__}.{word}"] = text
        elif (code := _code(value)) is not None and code.__module__ == thing.__module__:
            _collect(code, found)


def _code(value: Any) -> Any:
    bare = inspect.unwrap(value) if callable(value) else value
    return bare if inspect.isfunction(bare) or inspect.isclass(bare) else None


def constant(value: Any) -> str | None:
    """A representation that is the same in every process, or None where there is none."""
    if isinstance(value, _SCALARS):
        return repr(value)
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, list | tuple | set | frozenset):
        return None
    parts = ["None" if item is None else constant(item) for item in value]
    texts = [part for part in parts if part is not None]
    if len(texts) < len(parts):
        return None
    return f"[{', '.join(sorted(texts) if isinstance(value, set | frozenset) else texts)}]"
