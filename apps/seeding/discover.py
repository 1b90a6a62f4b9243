"""Finding seeds: every app's `seeds` module, and in it whatever `api.py`'s decorators made."""

import sys
import traceback
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from safe_migrate.errors import Refused
from seeding.api import Definition


def find() -> dict[str, Definition]:
    """'app.function' → its definition, in the order of apps and of lines.

    Raises Refused (SD-201) where a module cannot be imported.
    """
    found: dict[str, Definition] = {}
    for config in apps.get_app_configs():
        if config.module is None or not module_has_submodule(config.module, "seeds"):
            continue
        name = f"{config.name}.seeds"
        try:
            module = import_module(name)
        except Exception as error:
            raise _cannot_import(name, error) from error
        for value in vars(module).values():
            # One that was imported from another app's module is that app's.
            if isinstance(value, Definition) and value.declare.__module__ == name:
                found[f"{config.label}.{value.declare.__name__}"] = value
    return found


def _cannot_import(name: str, error: Exception) -> Refused:
    sys.modules.pop(name, None)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return Refused(
        "SD-201",
        f"The module {name} cannot be imported: {type(error).__name__}: {error}\n"
        f"At line {frame.lineno} of {frame.filename.rpartition('/')[2]}",
        next=(f"Mend {name}.", "python manage.py seed --plan"),
    )
