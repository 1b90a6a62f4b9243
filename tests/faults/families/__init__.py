"""The faults, a family a file: each has NAME and faults()."""

import importlib
import pkgutil
from collections.abc import Iterator

from tests.faults.fault import Fault


def all_faults() -> Iterator[Fault]:
    """Every fault of every family, in a fixed order."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        yield from module.faults()
