"""Hazards of columns, types and tables in what Django itself emits: the plan of a real project."""

import json
import subprocess
import sys
from typing import Any

from tests.projects import ROOT, TIMEOUT_SECONDS, Foreign, clean_environment
from tests.servers import Server

BEFORE = """
    import uuid

    from django.contrib.postgres.functions import RandomUUID
    from django.db.models import F
    from django.db.models.functions import Now
"""
FIELDS = """
    migrations.AddField("book", "number", models.IntegerField()),
    migrations.AddField("book", "code", models.CharField(max_length=20)),
    migrations.AddField("book", "slug", models.CharField(max_length=20, db_index=True)),
    migrations.AddField("book", "price", models.DecimalField(max_digits=10, decimal_places=2)),
    migrations.AddField("book", "pages", models.PositiveIntegerField()),
    migrations.AddField("book", "copies", models.IntegerField(db_default=5)),
    migrations.AddField("book", "seen", models.IntegerField(null=True)),
    migrations.AddField("book", "similar", models.ManyToManyField("self")),
    migrations.CreateModel(
        "Leaf",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("book", models.ForeignKey("shelf.book", models.CASCADE)),
        ],
    ),
"""
ROWS = """
    INSERT INTO shelf_book (title, number, code, slug, price, pages, seen)
    SELECT 'title ' || n, n, n, n, n, n, n FROM generate_series(1, 2000) AS n;
    INSERT INTO shelf_leaf (id, book_id) SELECT id, id FROM shelf_book;
    CREATE VIEW shelf_seen AS SELECT seen FROM shelf_book;
    ANALYZE
"""


def add(field: str) -> str:
    return f'migrations.AddField("book", "x", models.{field})'


def alter(name: str, field: str) -> str:
    return f'migrations.AlterField("book", "{name}", models.{field})'


# Operation → the hazards of columns, types, tables, renames and removals in it.
EXPECTED: list[tuple[str, set[str]]] = [
    (add("IntegerField(null=True)"), {"H201 breaks new code"}),
    (add("IntegerField(db_default=3)"), {"H201 breaks new code"}),
    (add("DateTimeField(db_default=Now())"), {"H201 breaks new code"}),
    (add("IntegerField(default=3)"), {"H202 breaks old code"}),
    (add("JSONField(default=dict)"), {"H202 breaks old code"}),
    (add("UUIDField(default=uuid.uuid4)"), {"H202 breaks old code", "H203 wrong data"}),
    (add("UUIDField(default=uuid.uuid4, unique=True)"), {"H202 breaks old code", "H203 fails"}),
    (add("UUIDField(db_default=RandomUUID())"), {"H201 breaks new code", "H204 rewrite"}),
    (add('ForeignKey("self", models.CASCADE, default=1)'), {"H202 breaks old code"}),
    (
        add(
            "GeneratedField(expression=F('number') + 1, output_field=models.IntegerField(),"
            " db_persist=True)"
        ),
        {"H201 breaks new code", "H205 rewrite"},
    ),
    (alter("code", "CharField(max_length=40)"), {"H201 breaks new code"}),
    (alter("code", "TextField()"), {"H201 breaks new code"}),
    (
        alter("code", "CharField(max_length=3)"),
        {"H206 rewrite", "H209 fails", "H211 breaks old code"},
    ),
    (
        alter("title", "CharField(max_length=3)"),
        {"H206 rewrite", "H209 loses data", "H211 breaks old code"},
    ),
    (alter("title", "CharField(max_length=30)"), {"H206 rewrite", "H211 breaks old code"}),
    (alter("number", "BigIntegerField()"), {"H206 rewrite"}),
    (alter("number", "TextField()"), {"H206 rewrite", "H211 breaks old code"}),
    (alter("number", "UUIDField()"), {"H209 fails", "H211 breaks old code"}),
    (alter("price", "DecimalField(max_digits=12, decimal_places=2)"), {"H201 breaks new code"}),
    (
        alter("price", "DecimalField(max_digits=10, decimal_places=1)"),
        {"H206 rewrite", "H211 breaks old code"},
    ),
    (alter("number", "IntegerField(null=True)"), {"H201 breaks new code"}),
    (alter("number", "IntegerField(default=5)"), set()),
    (alter("code", "CharField(max_length=20, choices=[('a', 'b')])"), set()),
    (alter("number", "IntegerField(db_default=5)"), {"H201 breaks new code"}),
    (alter("copies", "IntegerField()"), {"H210 breaks old code"}),
    (alter("number", "IntegerField(db_comment='x')"), set()),
    (alter("pages", "PositiveIntegerField(db_comment='x')"), {"H208 scan"}),
    (alter("slug", "CharField(max_length=20, db_index=True, db_collation='C')"), {"H207 scan"}),
    (
        alter("seen", "BigIntegerField(null=True)"),
        {"H206 rewrite", "H310 fails"},
    ),
    ('migrations.RenameField("book", "number", "count")', {"H301 breaks old code"}),
    (alter("number", "IntegerField(db_column='count')"), {"H301 breaks old code"}),
    # What SM-H301 offers.
    (
        alter("number", "IntegerField(db_column='number')")
        + ', migrations.RenameField("book", "number", "count")',
        set(),
    ),
    ('migrations.AlterModelTable("leaf", "page")', {"H302 breaks old code"}),
    (
        'migrations.RenameModel("Book", "Tome")',
        {"H301 breaks old code", "H302 breaks old code"},
    ),
    (
        'migrations.CreateModel("Pair", [("id", models.BigAutoField(primary_key=True)),'
        ' ("one", models.ForeignKey("shelf.book", models.CASCADE, related_name="+")),'
        ' ("two", models.ForeignKey("shelf.book", models.CASCADE, related_name="+"))]), '
        + alter("similar", 'ManyToManyField("self", through="shelf.Pair")'),
        {"H303 fails"},
    ),
    (
        'migrations.RemoveField("book", "seen")',
        {"H304 breaks old code", "H304 loses data", "H308 breaks old code"},
    ),
    (
        'migrations.RemoveField("book", "number")',
        {
            "H304 breaks old code",
            "H304 loses data",
            "H305 breaks new code",
            "H305 irreversible",
        },
    ),
    (
        'migrations.DeleteModel("Leaf")',
        {"H306 breaks old code", "H306 loses data", "H307 queue"},
    ),
    (
        'migrations.AlterOrderWithRespectTo("leaf", "book")',
        {"H202 breaks old code"},
    ),
    (
        "migrations.SeparateDatabaseAndState("
        'state_operations=[migrations.RemoveField("book", "number")])',
        {"H309 breaks new code"},
    ),
    # What SM-H304 and SM-H309 offer.
    (
        "migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("
        '"ALTER TABLE shelf_book ALTER COLUMN number DROP NOT NULL")],'
        ' state_operations=[migrations.RemoveField("book", "number")])',
        {"H201 breaks new code"},
    ),
]


# One process for all: starting Django takes longer than planning.
DRIVER = """
    import contextlib
    import importlib
    import io
    import json
    import os
    import pathlib
    import sys

    sys.path[:0] = [sys.argv[1]]
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    sys.dont_write_bytecode = True
    import django
    from django.core.management import call_command

    django.setup()
    change = pathlib.Path("shelf/migrations/0003_change.py")
    for text in json.loads(pathlib.Path("texts.json").read_text()):
        change.write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop("shelf.migrations.0003_change", None)
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            call_command("safe_migrate", "--plan", "--format", "json")
        print(json.dumps(json.loads(out.getvalue())))
"""


def planned(project: Foreign) -> list[set[str]]:
    """Of each operation, what its plan shows: codes without SM-, and effects."""
    texts = [
        project.migration("0003_change", "0002_fields", operations, before=BEFORE).read_text()
        for operations, _ in EXPECTED
    ]
    project.write("texts.json", json.dumps(texts))
    project.write("driver.py", DRIVER)
    done = subprocess.run(
        [sys.executable, "driver.py", str(ROOT / "apps")],
        cwd=project.folder,
        env={**clean_environment(), **project.variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [shown(json.loads(line)) for line in done.stdout.splitlines()]


def shown(report: dict[str, Any]) -> set[str]:
    """The hazards with 2 and 3 in the report of a plan of one migration."""
    [migration] = report["plan"]
    return {
        f"{danger['code'].removeprefix('SM-')} {danger['effect']}"
        for operation in migration["operations"]
        for danger in operation["dangers"]
        if danger["code"].startswith(("SM-H2", "SM-H3"))
    }


def test_each_operation_of_django(foreign: Foreign, server: Server, database: str) -> None:
    foreign.migration("0002_fields", "0001_initial", FIELDS)
    foreign.ok("migrate")
    with server.connect(database) as session:
        session.autocommit = True
        for statement in ROWS.split(";"):
            session.execute(statement.encode())
    different = {
        operations: (found, expected)
        for (operations, expected), found in zip(EXPECTED, planned(foreign), strict=True)
        if found != expected
    }
    assert different == {}
