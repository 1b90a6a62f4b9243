"""What a plan's statements do to the database in front of it: every hazard, asked and graded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from safe_migrate.facts import PlannedMigration
from safe_migrate.facts.danger import (
    Danger,
    Effect,
    Grade,
    Judged,
    Lock,
    Phase,
    Question,
    Situation,
)
from safe_migrate.facts.database import Database
from safe_migrate.hazards import hazards
from safe_migrate.hazards.base import Hazard
from safe_migrate.plan.situations import Met, situations

UNKNOWN_CODE = "SM-H901"
EMPTY_REASON = "SM-H902"
Plan = tuple[PlannedMigration, ...]
Ask = Callable[[str], tuple[str, ...] | None]

_BY_SIZE = (Effect.SCAN, Effect.REWRITE, Effect.QUEUE)


def judge(plan: Plan, database: Database, ask: Ask, known: Sequence[Hazard] = ()) -> Plan:
    """The plan with the dangers of each operation, in the order of its statements.

    `ask` answers a SELECT with rows as text, or with None where that cannot be known.
    """
    known = known or hazards()
    found: dict[tuple[int, int], list[Judged]] = {}
    for met in situations(plan, database):
        acknowledged = dict(plan[met.migration].acknowledged)
        for judged in _judged(met, database.budget_ms, ask, known):
            there = found.setdefault((met.migration, met.operation), [])
            there.append(_acknowledged(judged, acknowledged))
    return tuple(
        replace(
            migration,
            dangers=tuple(_misnamed(migration, known)),
            operations=tuple(
                replace(operation, dangers=_in_order(found.get((place, number), [])))
                for number, operation in enumerate(migration.operations)
            ),
        )
        for place, migration in enumerate(plan)
    )


def _in_order(judged: list[Judged]) -> tuple[Judged, ...]:
    """By their statements; the same sentence once, since it may be true of several statements."""
    by_statement = sorted(judged, key=lambda each: -1 if each.statement is None else each.statement)
    once: dict[tuple[str, str], Judged] = {}
    for each in by_statement:
        once.setdefault((each.danger.code, each.danger.what), each)
    return tuple(once.values())


def _judged(met: Met, budget_ms: int, ask: Ask, known: Sequence[Hazard]) -> Iterator[Judged]:
    for hazard in known:
        try:
            situation = _answered(hazard, met, ask)
            dangers = list(hazard.find(situation))
            steps = hazard.rewrite(situation) if dangers else ()
        except Exception as error:  # one hazard's mistake must not hide what the others find
            dangers, steps = [_not_looked(hazard, met.situation, error)], ()
        grades = [graded(danger, budget_ms) for danger in dangers]
        way = _place_of_steps(dangers, grades) if steps else None
        for number, (danger, grade) in enumerate(zip(dangers, grades, strict=True)):
            yield Judged(
                danger=danger,
                grade=grade,
                steps=steps if number == way else (),
                title=hazard.title,
                statement=met.statement,
            )


def _place_of_steps(dangers: Sequence[Danger], grades: Sequence[Grade]) -> int | None:
    """Which danger the steps stand with: they are one way for the whole statement.

    They are there for its locks; nobody needs them where those are brief enough.
    """
    locked = [number for number, danger in enumerate(dangers) if danger.effect in _BY_SIZE]
    places = locked or range(len(dangers))
    return next((number for number in places if grades[number] is not Grade.NOTE), None)


def _answered(hazard: Hazard, met: Met, ask: Ask) -> Situation:
    """The situation with what the data answers; nothing where the plan changes it before."""
    answers: list[tuple[Question, tuple[str, ...]]] = []
    for question in hazard.ask(met.situation):
        if met.rows_changed is None or question.table in met.rows_changed:
            continue
        keys = ask(question.sql)
        if keys is not None:
            answers.append((question, keys))
    return replace(met.situation, answers=tuple(answers))


def graded(danger: Danger, budget_ms: int) -> Grade:
    """By its size where that decides, else by what it does.

    What the data in front of us makes fail is an error. A queue behind a brief lock is a note, as
    a run gives up before anybody waits longer than the budget; and so is new code that needs what
    a migration adds, as long as the migration may run first.
    """
    effect, held = danger.effect, danger.held_ms
    if effect in _BY_SIZE:
        unknown = held is None and effect is not Effect.QUEUE
        return Grade.WARNING if unknown or (held or 0) > budget_ms else Grade.NOTE
    if effect is Effect.BREAKS_NEW_CODE and danger.phase is Phase.EXPAND:
        return Grade.NOTE
    certain = effect is Effect.FAILS and danger.examples
    return Grade.ERROR if certain else Grade.WARNING


def _acknowledged(judged: Judged, reasons: dict[str, str]) -> Judged:
    """A warning that the author knows of is a note; what will fail fails all the same."""
    reason = reasons.get(judged.danger.code, "").strip()
    if not reason:
        return judged
    grade = Grade.NOTE if judged.grade is Grade.WARNING else judged.grade
    return replace(judged, acknowledged=reason, grade=grade)


def _misnamed(migration: PlannedMigration, known: Sequence[Hazard]) -> Iterator[Judged]:
    codes = sorted(hazard.code for hazard in known)
    for code, reason in migration.acknowledged:
        if code not in codes:
            near = get_close_matches(code, codes, n=1)
            instead = f'Name one that it is: "{near[0]}".' if near else "Remove it."
            what = f'safe_migrate_acknowledge names "{code}", which is no hazard\'s code'
            yield _mistake(UNKNOWN_CODE, "Unknown code acknowledged", what, instead)
        elif not reason.strip():
            what = f'safe_migrate_acknowledge gives no reason for "{code}"'
            instead = "Say in a sentence why it may be, or remove it."
            yield _mistake(EMPTY_REASON, "Acknowledged without a reason", what, instead)


def _mistake(code: str, title: str, what: str, instead: str) -> Judged:
    danger = Danger(
        code=code, effect=Effect.UNKNOWN, table="", lock=Lock.NONE, what=what, instead=(instead,)
    )
    return Judged(danger=danger, grade=Grade.ERROR, title=title)


def _not_looked(hazard: Hazard, situation: Situation, error: Exception) -> Danger:
    return Danger(
        code=hazard.code,
        effect=Effect.UNKNOWN,
        table=situation.statement.table,
        lock=hazard.lock,
        what=f"it could not be told whether this is met ({type(error).__name__}: {error})",
        instead=("Look at the statement yourself, and report this.",),
    )
