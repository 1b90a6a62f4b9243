"""RunPython, of which nothing is known beforehand."""

from dataclasses import replace

from safe_migrate.facts.danger import Danger, Effect
from safe_migrate.hazards.python_code import HAZARD
from tests.hazards.situations import database as shop
from tests.hazards.situations import operation, program
from tests.servers import Server

CATALOGUE = (54,)


def found(**more: object) -> list[Danger]:
    return list(HAZARD.find(program(operation("RunPython", **more))))


def test_whole_text() -> None:
    [danger] = found()
    assert (danger.effect, danger.held_ms) == (Effect.UNKNOWN, None)
    assert danger.what == (
        "orders.0007_change runs Python code in one transaction: nobody can foresee how many rows"
        " it changes, and whoever changes one of them waits until the migration ends"
    )
    assert danger.instead == (
        "Where it may change more than some thousand rows, put it into a migration of its own with"
        " atomic = False, and let it work in batches that can be interrupted and run again.",
        "Where it changes a few, say so: acknowledge this code in the migration.",
    )
    assert danger.code_instead == (
        "def fill(apps, schema_editor):\n"
        '    Model = apps.get_model("orders", "order")\n'
        "    todo = Model.objects.filter(...)  # those that are not done yet\n"
        '    while keys := list(todo.values_list("pk", flat=True)[:5000]):\n'
        "        Model.objects.filter(pk__in=keys).update(...)\n"
        "\n"
        "\n"
        "class Migration(migrations.Migration):\n"
        "    atomic = False\n"
        "    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]"
    )


def test_outside_of_a_transaction_nobody_waits_for_its_end() -> None:
    assert found(atomic=False) == []


def test_sql_and_other_operations_are_told_elsewhere() -> None:
    assert list(HAZARD.find(program(operation("RunSQL")))) == []


def test_where_there_are_few_rows_at_all_its_time_is_bounded(server: Server, database: str) -> None:
    given = program(operation("RunPython"))
    [asked] = HAZARD.ask(given)
    with server.connect(database) as session:
        session.execute("CREATE TABLE t AS SELECT 1 FROM generate_series(1, 40)")
        session.execute("ANALYZE t")
        [(rows,)] = session.execute(asked.sql.encode()).fetchall()
    assert rows == 40
    [few] = HAZARD.find(replace(given, answers=((asked, (str(rows),)),)))
    assert (few.effect, few.held_ms) == (Effect.REWRITE, 0.888)
    [many] = HAZARD.find(replace(given, answers=((asked, ("2000000",)),)))
    assert (many.effect, many.held_ms) == (Effect.UNKNOWN, None)


def test_a_lint_asks_nobody() -> None:
    given = program(operation("RunPython"))
    assert list(HAZARD.ask(replace(given, database=shop(assumed=True)))) == []
    assert list(HAZARD.ask(program(operation("RunSQL")))) == []
