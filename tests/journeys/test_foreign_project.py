"""Both apps out of the built wheel, in a project that is not ours: nothing of this tree is used."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.projects import ROOT, Foreign, foreign
from tests.servers import Server

SETTINGS = """
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.messages", "django.contrib.sessions", "django.contrib.sites",
    "dbbackup", "safe_migrate", "seeding", "shelf"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]}}]
"""
OWN_TABLES = ("safe_migrate_*", "seeding_ledger")
HISTORY = {
    "0002_author": """
        migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=100, db_index=True)),
            ("user", models.OneToOneField("auth.User", models.SET_NULL, null=True))]),
        migrations.AddField("Book", "authors", models.ManyToManyField("shelf.Author")),
        migrations.AddField("Book", "price", models.PositiveIntegerField(default=0)),
    """,
    "0003_constraints": """
        migrations.AlterField("Book", "title", models.CharField(max_length=200, unique=True)),
        migrations.AddConstraint("Book", models.CheckConstraint(
            condition=models.Q(price__lt=1000), name="cheap")),
        migrations.RunPython(fill, migrations.RunPython.noop),
    """,
    "0004_concurrently": """
        AddIndexConcurrently("Book", models.Index(fields=["price"], name="by_price")),
    """,
    "0005_renames": """
        migrations.RenameField("Author", "name", "full_name"),
        migrations.RenameModel("Author", "Writer"),
        migrations.RunSQL("CREATE VIEW priced AS SELECT id FROM shelf_book WHERE price > 0",
                          "DROP VIEW priced"),
    """,
}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, as an installer would lay them out."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        ["uv", "build", "--wheel", "--quiet", "--out-dir", str(out)], cwd=ROOT, check=True
    )
    [built] = out.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(out / "site")
    return out / "site"


@pytest.fixture
def host(wheel: Path, server: Server, database: str, backups: Path, tmp_path: Path) -> Foreign:
    project = foreign(tmp_path / "host", server.url(database), backups)
    text = (project.folder / "settings.py").read_text()
    project.write("settings.py", text + SETTINGS)
    manage = (project.folder / "manage.py").read_text()
    project.write("manage.py", manage.replace(repr(str(ROOT / "apps")), repr(str(wheel))))
    after = "0001_initial"
    for name, operations in HISTORY.items():
        fill = "def fill(apps, schema_editor):\n    apps.get_model('shelf', 'Book').objects.count()"
        project.migration(name, after, operations, before=fill, atomic=name != "0004_concurrently")
        after = name
    return project


def schema(server: Server, database: str) -> list[str]:
    """As pg_dump writes it: names of indexes, constraints and sequences are in it."""
    dump = subprocess.run(
        [
            server.program("pg_dump"),
            "--schema-only",
            f"--dbname={server.url(database)}",
            *(f"--exclude-table={table}" for table in OWN_TABLES),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [line for line in dump.splitlines() if not line.startswith("\\")]


def test_it_migrates_from_nothing_to_the_schema_of_plain_migrate_and_back(
    host: Foreign, wheel: Path, server: Server, database: str
) -> None:
    with server.database() as plain:
        host.ok("migrate", URL=server.url(plain))
        host.ok("safe_migrate")
        assert schema(server, database) == schema(server, plain)
        assert any("by_price" in line for line in schema(server, plain))
        host.ok("migrate", "shelf", "0001", URL=server.url(plain))
        host.ok("safe_migrate", "shelf", "0001")
        assert schema(server, database) == schema(server, plain)


def test_the_code_that_runs_is_the_wheels(host: Foreign, wheel: Path) -> None:
    host.write("where.py", "import safe_migrate, seeding\nprint(safe_migrate.__file__)\n")
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(wheel)!r}]; import where"],
        cwd=host.folder,
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    ).stdout
    assert shown.startswith(str(wheel))


def test_nothing_of_the_tools_wants_a_migration_in_the_hosts_project(host: Foreign) -> None:
    result = host.run("makemigrations", "--check", "--dry-run", "safe_migrate", "seeding")
    assert result.code == 0, result.out + result.err
