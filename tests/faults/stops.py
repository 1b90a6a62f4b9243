"""A process stopped at a chosen place, so that it can be killed there and nowhere else.

The place is a function of the tool's or of a library's, by its dotted name as its caller looks it
up. What runs before and after is the real thing.
"""

import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def stop(place: str, marker: str, when: str = "before", number: int = 1) -> None:
    """Have the process write `marker` and wait for its end, at the `number`th call of `place`.

    `when`: before or after the call, or `item`: when the iterator that it returns has given so
    many items, with 0 at its end.
    """
    owner, name = find(place)
    function = getattr(owner, name)
    setattr(owner, name, wrapped(function, marker, when, number))


def find(place: str) -> tuple[Any, str]:
    """The module or class, and the name in it."""
    path, _, name = place.rpartition(".")
    try:
        return import_module(path), name
    except ModuleNotFoundError:
        owner, last = find(path)
        return getattr(owner, last), name


def wrapped(
    function: Callable[..., Any], marker: str, when: str, number: int
) -> Callable[..., Any]:
    """The function, stopping."""
    calls = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if when == "item" and calls == 1:
            return items(function(*args, **kwargs), marker, number)
        if when == "before" and calls == number:
            wait(marker)
        result = function(*args, **kwargs)
        if when == "after" and calls == number:
            wait(marker)
        return result

    return counted


def items(given: Any, marker: str, number: int) -> Iterator[Any]:
    """The same items, until the stop."""
    for at, item in enumerate(given, 1):
        yield item
        if at == number:
            wait(marker)
    if number == 0:
        wait(marker)


def wait(marker: str) -> None:
    """Here we are. Only a signal ends this, or the marker's removal."""
    path = Path(marker)
    path.touch()
    while path.exists():
        signal.sigtimedwait([], 0.02)
