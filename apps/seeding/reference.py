"""Reference rows: fixtures with natural keys, loaded by `loaddata`, the one kind for production."""

import hashlib
from io import StringIO
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError

from safe_migrate.errors import Failed, Refused


def find(name: str) -> list[Path]:
    """The files that `loaddata NAME` takes. Raises Refused (SD-222) where there is none."""
    folders = [
        *(Path(folder) for folder in settings.FIXTURE_DIRS),
        *(Path(config.path, "fixtures") for config in apps.get_app_configs()),
    ]
    found = [
        path
        for folder in folders
        for path in sorted((folder / name).parent.glob(f"{Path(name).name}*"))
        if path.is_file() and (path.name == Path(name).name or _stem(path) == Path(name).name)
    ]
    if not found:
        raise Refused(
            "SD-222",
            f"There is no fixture {name!r} in {', '.join(map(str, settings.FIXTURE_DIRS))} or in "
            "the fixtures folder of an app.",
            next=('Correct SEEDING["REFERENCE"].', "python manage.py seed --plan"),
        )
    return found


def _stem(path: Path) -> str:
    return path.name.removesuffix("".join(path.suffixes))


def digest(name: str) -> str:
    """Hash of the fixture's files."""
    seen = hashlib.sha256()
    for path in find(name):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def load(name: str, alias: str) -> None:
    """Insert what is missing and update what differs, by natural keys. Raises Failed (SD-305)."""
    try:
        call_command("loaddata", name, database=alias, verbosity=0, stdout=StringIO())
    except (CommandError, DatabaseError, DeserializationError) as error:
        raise Failed(
            "SD-305",
            f"The fixture {name} could not be loaded: {str(error).strip()}",
            next=(f"Mend {find(name)[0].name}.", "python manage.py seed"),
        ) from error
