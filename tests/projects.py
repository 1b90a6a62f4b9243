"""Django projects run as a person runs them: `manage.py` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON on stdout."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    def failure(self) -> str:
        """The failure's text, without the progress before it."""
        lines = self.err.splitlines()
        starts = [i for i, line in enumerate(lines) if line[:3] in ("SM-", "SD-")]
        assert starts, f"no failure was shown: {self.code}\n{self.out}\n{self.err}"
        [start] = starts
        return "\n".join(lines[start:])


@dataclass
class Project:
    """A folder with a manage.py, and the environment its commands run in."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    environment: str = ""

    def run(self, *words: str, **variables: str) -> Result:
        """Run a management command to its end."""
        process = self.start(*words, **variables)
        try:
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{words} took too long\n{out}\n{err}") from None
        return Result(process.returncode, out, err)

    def ok(self, *words: str, **variables: str) -> Result:
        """Run a management command that must succeed."""
        result = self.run(*words, **variables)
        assert result.code == 0, f"{words} ended with {result.code}\n{result.out}\n{result.err}"
        return result

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a management command; the caller waits for it or kills it."""
        choice = ["--env", self.environment] if self.environment else []
        return subprocess.Popen(
            [sys.executable, "manage.py", *words, *choice],
            cwd=self.folder,
            env={**clean_environment(), **self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def clean_environment() -> dict[str, str]:
    """Ours, without what would reach into the project under test."""
    left_out = ("DJANGO_", "DATABASE_", "PG", "BACKUP_", "COV_", "PYTEST_", "GITHUB_")
    # PATH stays: it may hold a client of another version, as it does on people's machines.
    return {k: v for k, v in os.environ.items() if not k.startswith(left_out)}


def shop(url: str, backups: Path, environment: str = "staging") -> Project:
    """This checkout, on a database that it did not start."""
    return Project(
        ROOT,
        {
            "DATABASE_URL": url,
            "SECRET_KEY": "only-for-tests-" + "x" * 50,
            "ALLOWED_HOSTS": "shop.example",
            "BACKUP_DIR": str(backups),
        },
        environment,
    )


MANAGE = """
import sys
sys.path[:0] = [{apps!r}]
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
SETTINGS = """
import os
from psycopg.conninfo import conninfo_to_dict
given = conninfo_to_dict(os.environ["URL"])
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": given["dbname"],
    "USER": given["user"], "PASSWORD": given["password"], "HOST": given["host"],
    "PORT": given["port"], "OPTIONS": {}}}
INSTALLED_APPS = ["dbbackup", "safe_migrate", "shelf"]
SECRET_KEY = "x" * 60
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DBBACKUP_SEND_EMAIL = False
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "dbbackup": {"BACKEND": "django.core.files.storage.FileSystemStorage",
                 "OPTIONS": {"location": os.environ["BACKUPS"]}}}
SAFE_MIGRATE = {"ENVIRONMENT": os.environ.get("ENVIRONMENT", "staging"),
    "PG_BIN": os.environ.get("PG_BIN"),
    "MIGRATION_DATABASE_URL": os.environ.get("DIRECT"),
    "POLICY": {"LOCK_RETRY_SECONDS": 3, "LOCK_WAIT_SECONDS": 0, "BACKUP_LOCK_WAIT_SECONDS": 3}}
"""
FIRST = """
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Book",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.TextField()),
            ],
        )
    ]
"""
LATER = """
import os
import time

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


{before}


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("shelf", "{after}")]
    operations = [{operations}]
"""


class Foreign(Project):
    """Somebody else's small project: one app, `shelf`, whose migrations a test writes."""

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def migration(
        self, name: str, after: str, operations: str, *, before: str = "", atomic: bool = True
    ) -> Path:
        """Write a migration of `shelf`; `before` is code above the class."""
        body = LATER.format(
            before=textwrap.dedent(before), atomic=atomic, after=after, operations=operations
        )
        return self.write(f"shelf/migrations/{name}.py", body)

    def models(self, fields: str) -> None:
        """Write the model Book with these fields beside the title."""
        self.write(
            "shelf/models.py",
            "from django.db import models\n\n\nclass Book(models.Model):\n"
            f"    title = models.TextField()\n{textwrap.indent(textwrap.dedent(fields), '    ')}",
        )


def foreign(folder: Path, url: str, backups: Path) -> Foreign:
    """A new project on a database, with one migration written and nothing applied."""
    project = Foreign(folder, {"URL": url, "BACKUPS": str(backups)})
    project.write("manage.py", MANAGE.format(apps=str(ROOT / "apps")))
    project.write("settings.py", SETTINGS)
    project.write("shelf/__init__.py", "")
    project.write("shelf/migrations/__init__.py", "")
    project.write("shelf/migrations/0001_initial.py", FIRST)
    project.models("")
    return project


def assert_failure(result: Result, code: int, expected: str) -> None:
    """The exit code and the whole text of a failure, but for where its lines are broken."""
    assert result.code == code, f"{result.code}\n{result.out}\n{result.err}"
    assert result.failure().split() == expected.split(), result.failure()


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first true value of the condition; fails the test where there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def kill(process: "subprocess.Popen[str]") -> None:
    """SIGKILL and reap: what a power cut or the OOM killer does to us."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
