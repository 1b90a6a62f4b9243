"""A word that is not known is answered with the one that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(word: str, known: Iterable[str]) -> str:
    """A sentence to follow 'X is unknown.'"""
    names = sorted(set(known))
    near = get_close_matches(word, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known are: {', '.join(names) or 'none'}."
