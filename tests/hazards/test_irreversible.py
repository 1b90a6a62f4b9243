"""Operations without a way back."""

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.irreversible import HAZARD
from tests.hazards.situations import dangers, operation, program

CATALOGUE = ()


def test_whole_text() -> None:
    [found] = HAZARD.find(program(operation("RunPython", reversible=False)))
    assert found.effect is Effect.IRREVERSIBLE
    assert found.what == (
        "RunPython of orders.0007_change cannot be reversed: going back behind it takes a restored"
        " backup, and loses what was written since"
    )
    assert found.instead == (
        "Say how it is undone; where nothing has to be undone, say that.",
        "Where it cannot be undone, run it in a migration of its own, with a restore point.",
    )
    assert found.code_instead == (
        "migrations.RunPython(forwards, backwards)\n"
        "# or, where nothing has to be undone:\n"
        "migrations.RunPython(forwards, migrations.RunPython.noop)"
    )


def test_backwards_it_fails() -> None:
    [found] = dangers(HAZARD, "SELECT 1", what=operation(reversible=False, backwards=True))
    assert found.effect is Effect.FAILS
    assert found.what == "RunSQL of orders.0007_change cannot be reversed: unapplying it fails"


def test_it_is_the_same_for_every_statement_so_that_it_is_told_once() -> None:
    found = dangers(HAZARD, "SELECT 1; SELECT 2", what=operation(reversible=False))
    assert (len(found), len(set(found))) == (2, 1)


def test_an_operation_that_can_be_reversed() -> None:
    assert dangers(HAZARD, "SELECT 1") == []


def test_of_others_nothing_is_known_to_paste() -> None:
    [found] = HAZARD.find(program(operation("Archive", reversible=False)))
    assert found.code_instead == ""
