"""What people read: whole texts."""

from safe_migrate.errors import Exit, Refused
from safe_migrate.facts import Finding, Grade
from safe_migrate.reports import json, status_text, text

FAILURE = Refused(
    "SM-E999",
    "Something rather long happened that does not fit into one line of a "
    "terminal window.\nAnd more.",
    next=(
        "python manage.py a-very-long-command --with many --options so --that it --never --wraps",
    ),
)


def test_a_failure_answers_four_questions_and_never_breaks_a_command() -> None:
    assert text.render_failure(FAILURE) == (
        "SM-E999  Something rather long happened that does not fit into one line of a\n"
        "         terminal window.\n"
        "         And more.\n"
        "State:  The database was not touched.\n"
        "Lost:   Nothing was lost.\n"
        "Next:   python manage.py a-very-long-command --with many --options so --that it --never"
        " --wraps\n"
        "More:   docs/errors.md#sm-e999"
    )


def test_the_same_as_json() -> None:
    document = json.json.loads(json.failure(FAILURE))
    assert document["exit_code"] == Exit.REFUSED
    assert document["error"]["next"] == list(FAILURE.next)


def test_findings_are_aligned_with_their_remedies() -> None:
    findings = [
        Finding(check="server", grade=Grade.OK, text="fine"),
        Finding(check="disk", grade=Grade.FAIL, text="full", remedy=("Make room.",)),
    ]
    assert text.render_findings(findings) == (
        "ok   server    fine\nFAIL disk      full\n               -> Make room."
    )


def test_ages() -> None:
    shown = [status_text.age(seconds) for seconds in (1, 119, 120, 7199, 7200, 180_000)]
    assert shown == ["1 s", "119 s", "2 min", "120 min", "2 h", "2 d"]
