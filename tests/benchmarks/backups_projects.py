"""Two small projects on one database: one with our app, one with django-dbbackup alone."""

from pathlib import Path

from tests import projects
from tests.projects import ROOT, Project
from tests.servers import Server

MANAGE = """
import os
import sys

sys.path[:0] = {path!r}
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
SETTINGS = """
from psycopg.conninfo import conninfo_to_dict

given = conninfo_to_dict({url!r})
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given["dbname"],
        "USER": given["user"],
        "PASSWORD": given["password"],
        "HOST": given["host"],
        "PORT": given["port"],
    }}
}}
INSTALLED_APPS = {apps!r}
SECRET_KEY = "x" * 60
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DBBACKUP_SEND_EMAIL = False
DBBACKUP_TMP_DIR = {temporary!r}
STORAGES = {{
    "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage"}},
    "dbbackup": {{
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {{"location": {backups!r}}},
    }},
}}
{more}
"""
OURS = """
SAFE_MIGRATE = {"ENVIRONMENT": "staging", "POLICY": {}}
"""


def ours(folder: Path, server: Server, database: str) -> Project:
    """With safe_migrate; its backups are in `folder`/backups."""
    return _project(folder, server.url(database), ["dbbackup", "safe_migrate"], OURS)


def stock(folder: Path, server: Server, database: str) -> Project:
    """As django-dbbackup's manual sets it up; pg_dump is found on PATH."""
    project = _project(folder, server.url(database), ["dbbackup"], "")
    programs = Path(server.program("pg_dump")).parent
    path = f"{programs}:{projects.clean_environment()['PATH']}"
    return Project(folder, {**project.variables, "PATH": path})


def backups(project: Project) -> Path:
    """Where a project's backups are."""
    return project.folder / "backups"


def _project(folder: Path, url: str, apps: list[str], more: str) -> Project:
    (folder / "backups").mkdir(parents=True)
    settings = SETTINGS.format(
        url=url,
        apps=apps,
        temporary=str(folder),
        backups=str(folder / "backups"),
        more=more,
    )
    (folder / "manage.py").write_text(MANAGE.format(path=[str(ROOT / "apps")]))
    (folder / "settings.py").write_text(settings)
    return Project(folder)
