"""RunPython, of which nothing is known beforehand."""

from dataclasses import replace

from safe_migrate.facts.danger import Danger, Effect
from safe_migrate.hazards.python_code import HAZARD
from tests.hazards.situations import SMALL, database, operation, program

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


def test_where_all_tables_are_small_its_time_is_bounded() -> None:
    few = program(operation("RunPython"))
    few = replace(few, database=replace(database(), tables={SMALL.name: SMALL}))
    [danger] = HAZARD.find(few)
    assert (danger.effect, danger.held_ms) == (Effect.REWRITE, 0.24)
