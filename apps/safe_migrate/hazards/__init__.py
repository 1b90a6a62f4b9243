"""What can hurt, one file each: how to find it and how to run it safely. A module here is found."""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from safe_migrate.hazards.base import Hazard


@lru_cache(maxsize=1)
def hazards() -> tuple[Hazard, ...]:
    """Every hazard, by its code."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    known = [module.HAZARD for module in modules if hasattr(module, "HAZARD")]
    return tuple(sorted(known, key=lambda hazard: hazard.code))
