"""`safe_migrate --plan` with its dangers, from a real database's sizes, and --plan-id."""

import pytest

from tests.projects import Foreign, Project, assert_failure
from tests.servers import Server

INDEX = 'migrations.AddIndex("Book", models.Index(fields=["title"], name="by_title"))'
ROWS = 400_000


@pytest.fixture
def large(foreign: Foreign, server: Server, database: str) -> Foreign:
    """The project with a table that is large enough for an index to be a danger."""
    foreign.ok("safe_migrate", "--backup", "never")
    server.query(
        database, f"INSERT INTO shelf_book (title) SELECT g FROM generate_series(1, {ROWS}) g"
    )
    server.query(database, "ANALYZE shelf_book")
    return foreign


def codes(project: Foreign) -> list[tuple[str, str]]:
    document = project.ok("safe_migrate", "--plan", "--format", "json").document
    operations = [each for migration in document["plan"] for each in migration["operations"]]
    return [(d["code"], d["grade"]) for each in operations for d in each["dangers"]]


def test_a_danger_stands_below_its_statement_with_its_safe_steps(
    large: Foreign, server: Server
) -> None:
    large.migration("0002_index", "0001_initial", INDEX)
    shown = large.ok("safe_migrate", "--plan").out
    document = large.ok("safe_migrate", "--plan", "--format", "json").document
    [operation] = document["plan"][0]["operations"]
    [scan] = [danger for danger in operation["dangers"] if danger["effect"] == "scan"]
    assert (scan["grade"], scan["statement"], scan["lock"]) == ("warning", 0, "SHARE")
    assert scan["held_ms"] > 50
    assert "CONCURRENTLY" in scan["steps"][0]["sql"] and scan["steps"][0]["concurrent"]
    assert operation["source"].startswith("shelf/migrations/0002_index.py:")
    assert (operation["kind"], operation["reversible"]) == ("AddIndex", True)

    sql = 'CREATE INDEX "by_title" ON "shelf_book" ("title");'
    assert shown.index(sql) < shown.index(f"WARNING {scan['code']}: ") < shown.index("Plan id: ")
    assert "(400 k rows)" in shown
    assert f"Plan id: {document['plan_id']}" in shown
    assert "1 danger" in shown


def test_on_a_small_table_the_same_is_a_note(foreign: Foreign) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_index", "0001_initial", INDEX)
    graded = codes(foreign)
    assert graded and {grade for _, grade in graded} == {"note"}
    shown = foreign.ok("safe_migrate", "--plan").out
    assert "No danger was found, " in shown


def test_a_table_that_the_plan_itself_makes_is_in_nobodys_way(foreign: Foreign) -> None:
    foreign.migration("0002_index", "0001_initial", INDEX)
    assert "SM-H101" not in [code for code, _ in codes(foreign)]


def test_an_acknowledged_danger_is_a_note_with_its_reason(large: Foreign) -> None:
    path = large.migration("0002_index", "0001_initial", INDEX)
    reason = 'safe_migrate_acknowledge = {"SM-H101": "The shop is closed.", "SM-H000": "No."}'
    path.write_text(f"{path.read_text()}\n    {reason}\n")
    shown = large.ok("safe_migrate", "--plan").out
    assert "note SM-H101: " in shown
    assert "acknowledged: The shop is closed." in shown
    assert 'ERROR SM-H901: safe_migrate_acknowledge names "SM-H000"' in shown


def test_a_plan_is_applied_only_as_long_as_it_is_that_plan(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    path = foreign.migration(
        "0002_more",
        "0001_initial",
        'migrations.AddField("Book", "at", models.DateTimeField(default=timezone.now)), '
        'migrations.AddField("Book", "n", models.IntegerField(null=True))',
        before="from django.utils import timezone",
    )

    def shown() -> str:
        document = foreign.ok("safe_migrate", "--plan", "--format", "json").document
        return str(document["plan_id"])

    first = shown()
    assert len(first) == 16 and shown() == first, "a default's value of now is no other plan"
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('more')")
    assert shown() == first, "rows are no other plan"

    server.query(database, "CREATE INDEX by_hand ON shelf_book (title)")
    second = shown()
    assert second != first
    result = foreign.run("safe_migrate", "--plan-id", first)
    assert_failure(
        result,
        4,
        f"SM-R312  The plan is not {first} but {second}: since that was shown, a migration, the "
        "schema of a table that it names, what is applied, or the version of PostgreSQL or of "
        "this tool has changed. "
        "State: The database was not touched: no migration had begun. "
        "Lost: Nothing was lost. "
        "Next: python manage.py safe_migrate --plan "
        "More: docs/errors.md#sm-r312",
    )
    assert foreign.run("safe_migrate", "--check").code == 3

    path.write_text(path.read_text() + "\n# edited\n")
    assert shown() not in (first, second)
    foreign.ok("safe_migrate", "--plan-id", shown())
    foreign.ok("safe_migrate", "--check")


def test_looking_changes_nothing_and_leaves_no_session(
    large: Foreign, server: Server, database: str
) -> None:
    large.migration("0002_index", "0001_initial", INDEX)
    catalog = "SELECT oid, xmin::text, relfilenode FROM pg_class ORDER BY 1"
    before = server.query(database, catalog)
    large.ok("safe_migrate", "--plan")
    assert server.query(database, catalog) == before


def test_the_whole_history_of_the_shop_is_judged(shop: Project) -> None:
    """Every operation of Django's own apps and the shop's: told, parsed, and on new tables only."""
    document = shop.ok("safe_migrate", "--plan", "--format", "json").document
    operations = [each for migration in document["plan"] for each in migration["operations"]]
    dangers = [danger for each in operations for danger in each["dangers"]]
    assert len(operations) > 40
    assert [d["what"] for d in dangers if d["what"].startswith("it could not be told")] == []
    by_size = [d for d in dangers if d["effect"] in ("scan", "rewrite", "queue")]
    # What Python code will change nobody can tell, on whichever tables.
    assert {d["code"] for d in by_size} <= {"SM-H402"}
    assert {d["code"] for d in dangers if d["grade"] == "error"} == set()
