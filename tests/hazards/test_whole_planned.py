"""Hazards of code, data and migrations as a whole, in the plan of a real project."""

from typing import Any

from tests.projects import Foreign
from tests.servers import Server

FIELDS = """
    migrations.AddField("book", "pages", models.IntegerField(null=True)),
    migrations.AddField("book", "part_of", models.ForeignKey(
        "self", models.CASCADE, null=True)),
    migrations.CreateModel("Shop", [("id", models.BigAutoField(primary_key=True))]),
"""
ROWS = """
    INSERT INTO shelf_book (title) SELECT 'title ' || n FROM generate_series(1, 30000) AS n;
    CREATE TYPE mood AS ENUM ('good');
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER touched BEFORE UPDATE ON shelf_book FOR EACH ROW EXECUTE FUNCTION touch();
    ANALYZE
"""
BEFORE = """
    from django.contrib.postgres.operations import AddIndexConcurrently, CreateExtension


    def code(apps, schema_editor):
        pass
"""
CODE = "migrations.RunPython(code, migrations.RunPython.noop)"
ADD = 'migrations.AddField("book", "seen", models.IntegerField(null=True))'
INDEX = 'AddIndexConcurrently("book", models.Index(fields=["pages"], name="by_{}"))'


def sql(text: str) -> str:
    return f"migrations.RunSQL({text!r}, migrations.RunSQL.noop)"


# Operations, and whether in one transaction → hazards with 4 that are no queues behind locks.
EXPECTED: list[tuple[str, bool, set[str]]] = [
    (ADD, True, set()),
    (CODE, True, {"H402 unknown"}),
    (CODE, False, set()),
    ("migrations.RunPython(code)", False, {"H408 irreversible"}),
    (sql("UPDATE shelf_book SET pages = 1"), True, {"H401 rewrite"}),
    (sql("UPDATE shelf_book SET pages = 1 WHERE id BETWEEN 1 AND 99"), True, set()),
    (sql("INSERT INTO shelf_shop (id) VALUES (1)"), True, set()),
    (f"{ADD}, {sql('UPDATE shelf_book SET seen = 1')}", True, {"H401 rewrite", "H403 scan"}),
    (f"{ADD}, {CODE}", True, {"H402 unknown", "H403 scan"}),
    (f"{CODE}, {ADD}", True, {"H402 unknown", "H404 fails"}),
    (f"{sql('UPDATE shelf_book SET part_of_id = 1 WHERE id = 1')}, {ADD}", True, {"H404 fails"}),
    (f"{sql('UPDATE shelf_book SET pages = 1 WHERE id = 1')}, {ADD}", True, set()),
    (INDEX.format(1), False, set()),
    (f"{INDEX.format(1)}, {INDEX.format(2)}", False, {"H405 partly done"}),
    (
        sql("ALTER TYPE mood ADD VALUE 'bad'; CREATE TABLE moods (mood mood DEFAULT 'bad')"),
        True,
        {"H406 fails"},
    ),
    (sql("DO $$ BEGIN END $$"), True, {"H407 unknown"}),
    (sql("VACUUM FULL shelf_book"), False, {"H409 rewrite"}),
    (sql("VACUUM shelf_book"), True, {"H409 fails"}),
    ('CreateExtension("nowhere")', True, {"H410 fails"}),
    (
        sql(
            "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN old; END'"
        ),
        True,
        {"H414 breaks old code"},
    ),
    (sql("ALTER SEQUENCE shelf_book_id_seq RESTART"), True, {"H415 fails"}),
    (sql("ALTER TABLE shelf_book ALTER id RESTART WITH 100"), True, {"H415 fails"}),
    (sql("ALTER TABLE shelf_book ALTER id RESTART WITH 40000"), True, set()),
    (sql("TRUNCATE shelf_book"), True, {"H417 loses data"}),
    (sql("COMMIT"), True, {"H421 partly done"}),
    (sql("SET search_path TO other"), True, {"H424 unknown"}),
]


def planned(project: Foreign, operations: str, atomic: bool) -> set[str]:
    """Codes, without SM-, and effects of the hazards with 4 that the plan shows."""
    project.migration("0003_change", "0002_fields", operations, before=BEFORE, atomic=atomic)
    [migration] = project.ok("safe_migrate", "--plan", "--format", "json").document["plan"]
    found: list[dict[str, Any]] = [
        danger for operation in migration["operations"] for danger in operation["dangers"]
    ]
    return {
        f"{danger['code'].removeprefix('SM-')} {danger['effect']}"
        for danger in found
        if danger["code"].startswith("SM-H4") and danger["effect"] != "queue"
    }


def test_each_migration(foreign: Foreign, server: Server, database: str) -> None:
    foreign.migration("0002_fields", "0001_initial", FIELDS)
    foreign.ok("migrate")
    with server.connect(database) as session:
        session.execute(ROWS.encode())
    different = {
        (operations, atomic): (found, expected)
        for operations, atomic, expected in EXPECTED
        if (found := planned(foreign, operations, atomic)) != expected
    }
    assert different == {}
