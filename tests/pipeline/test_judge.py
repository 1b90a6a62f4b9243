"""A plan judged by a hazard of our own: asked, graded, acknowledged, with its steps. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from safe_migrate.facts import PlannedMigration, PlannedOperation
from safe_migrate.facts.danger import (
    Danger,
    Effect,
    Grade,
    Judged,
    Lock,
    Operation,
    Phase,
    Question,
    Situation,
    Step,
)
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.pipeline.judge import graded, judge

BOOK = Table(name='"public"."book"', rows=10**6, bytes=10**8)
DATABASE = Database(major=18, tables={BOOK.name: BOOK}, budget_ms=50)
QUESTION = Question(code="SM-H999", table=BOOK.name, sql="SELECT id FROM book LIMIT 3")


def danger(effect: Effect = Effect.SCAN, **more: Any) -> Danger:
    given = {"table": BOOK.name, "lock": Lock.SHARE, "what": "it is read", **more}
    return Danger(code="SM-H999", effect=effect, **given)


def _find(situation: Situation) -> Iterator[Danger]:
    if situation.statement.kind is Kind.CREATE_INDEX:
        keys = tuple(key for _, found in situation.answers for key in found)
        yield danger(held_ms=70.0 if situation.database.table('"book"') else 1.0)
        yield danger(Effect.FAILS, what=f"asked: {bool(situation.answers)}", examples=keys)


def _ask(situation: Situation) -> Iterator[Question]:
    yield QUESTION


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    return (Step(sql="SELECT 1", lock=Lock.NONE),)


HAZARD = Hazard(
    code="SM-H999", title="A try", lock=Lock.SHARE, effects=(Effect.SCAN,), why="", remedy="",
    find=_find, ask=_ask, rewrite=_rewrite,
)  # fmt: skip


def plan(*statements: str, **more: Any) -> tuple[PlannedMigration, ...]:
    told = Operation(kind="RunSQL", app="shelf", migration="0002_x", number=0, atomic=True)
    operation = PlannedOperation(description="x", statements=statements, told=told)
    given = {"app": "shelf", "name": "0002_x", "backwards": False, "atomic": True, **more}
    return (PlannedMigration(operations=(operation,), **given),)


def found(judged: tuple[PlannedMigration, ...]) -> tuple[Judged, ...]:
    return judged[0].operations[0].dangers


def nothing(sql: str) -> tuple[str, ...]:
    return ()


INDEX = 'CREATE INDEX "i" ON "book" ("a")'


def test_dangers_stand_with_their_statements_and_steps_with_the_lock() -> None:
    first, second = found(judge(plan("SELECT 1", INDEX), DATABASE, nothing, (HAZARD,)))
    assert (first.statement, first.grade, first.title) == (1, Grade.WARNING, "A try")
    assert first.steps == (Step(sql="SELECT 1", lock=Lock.NONE),)
    assert (second.statement, second.danger.what, second.steps) == (1, "asked: True", ())


def test_what_the_data_answers_is_an_error() -> None:
    asked: list[str] = []

    def ask(sql: str) -> tuple[str, ...]:
        asked.append(sql)
        return ("17",)

    _, second = found(judge(plan(INDEX), DATABASE, ask, (HAZARD,)))
    assert (second.grade, second.danger.examples) == (Grade.ERROR, ("17",))
    assert asked == [QUESTION.sql]


@pytest.mark.parametrize(
    "before", ['UPDATE "book" SET "a" = 1', 'DO $$BEGIN DELETE FROM "book"; END$$', "no sql at all"]
)
def test_rows_that_the_plan_changes_before_are_not_asked_about(before: str) -> None:
    def ask(sql: str) -> tuple[str, ...]:
        raise AssertionError("asked too early")

    first = plan(before)[0]
    second = plan(INDEX)[0]
    judged = judge((first, second), DATABASE, ask, (replace(HAZARD, ask=_ask_late),))
    assert judged[1].operations[0].dangers[1].danger.what == "asked: False"


def _ask_late(situation: Situation) -> Iterator[Question]:
    if situation.statement.kind is Kind.CREATE_INDEX:
        yield QUESTION


def test_what_cannot_be_known_is_not_answered() -> None:
    _, second = found(judge(plan(INDEX), DATABASE, lambda _: None, (HAZARD,)))
    assert (second.danger.what, second.grade) == ("asked: False", Grade.WARNING)


@pytest.mark.parametrize(
    ("given", "grade"),
    [
        (danger(held_ms=50.0), Grade.NOTE),
        (danger(held_ms=50.1), Grade.WARNING),
        (danger(held_ms=None), Grade.WARNING),
        (danger(Effect.REWRITE, held_ms=3.0), Grade.NOTE),
        (danger(Effect.QUEUE), Grade.NOTE),
        (danger(Effect.QUEUE, held_ms=51.0), Grade.WARNING),
        (danger(Effect.BREAKS_OLD_CODE, held_ms=0.1), Grade.WARNING),
        (danger(Effect.BREAKS_NEW_CODE, phase=Phase.EXPAND), Grade.NOTE),
        (danger(Effect.BREAKS_NEW_CODE, phase=Phase.SPLIT), Grade.WARNING),
        (danger(Effect.LOSES_DATA), Grade.WARNING),
        (danger(Effect.FAILS), Grade.WARNING),
        (danger(Effect.FAILS, examples=("3",)), Grade.ERROR),
        (danger(Effect.UNKNOWN), Grade.WARNING),
    ],
)
def test_grades(given: Danger, grade: Grade) -> None:
    assert graded(given, 50) is grade


def test_a_warning_that_is_known_is_a_note_and_what_fails_fails_all_the_same() -> None:
    known = plan(INDEX, acknowledged=(("SM-H999", "It is a quiet night."),))
    first, second = found(judge(known, DATABASE, lambda _: ("17",), (HAZARD,)))
    assert (first.grade, first.acknowledged) == (Grade.NOTE, "It is a quiet night.")
    assert (second.grade, second.acknowledged) == (Grade.ERROR, "It is a quiet night.")


def test_an_acknowledgement_names_a_hazard_and_gives_a_reason() -> None:
    wrong = plan(INDEX, acknowledged=(("SM-H998", "Why not."), ("SM-H999", " ")))
    [migration] = judge(wrong, DATABASE, nothing, (HAZARD,))
    given = [(d.danger.code, d.grade, d.danger.what, d.danger.instead) for d in migration.dangers]
    assert given == [
        (
            "SM-H901",
            Grade.ERROR,
            'safe_migrate_acknowledge names "SM-H998", which is no hazard\'s code',
            ('Name one that it is: "SM-H999".',),
        ),
        (
            "SM-H902",
            Grade.ERROR,
            'safe_migrate_acknowledge gives no reason for "SM-H999"',
            ("Say in a sentence why it may be, or remove it.",),
        ),
    ]
    assert found((migration,))[0].grade is Grade.WARNING


def test_one_hazards_mistake_hides_nothing_else() -> None:
    def broken(situation: Situation) -> Iterator[Danger]:
        raise ValueError("a bug")

    hazards = (replace(HAZARD, code="SM-H998", find=broken), HAZARD)
    first, second, _ = found(judge(plan(INDEX), DATABASE, nothing, hazards))
    assert first.danger.what == "it could not be told whether this is met (ValueError: a bug)"
    assert (first.grade, second.danger.code) == (Grade.WARNING, "SM-H999")


def test_the_same_sentence_stands_once() -> None:
    joined = found(judge(plan(f"{INDEX}; {INDEX.replace('i', 'j')}"), DATABASE, nothing, (HAZARD,)))
    assert [judged.danger.what for judged in joined] == ["it is read", "asked: True"]
