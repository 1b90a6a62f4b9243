"""docs/errors.md: each section says when, what state, what to do; its exit code is the code's."""

import ast
import re
from collections import defaultdict

import pytest

from safe_migrate import errors
from safe_migrate.errors import SafeMigrateError
from tests.architecture.tree import sources, strings
from tests.docs.pages import page

CODE = re.compile(r"S[MD]-[A-Z]?\d+")


def sections() -> dict[str, str]:
    text = page("docs/errors.md").text
    parts = re.split(r"^#+ (.+)\n", text, flags=re.MULTILINE)[1:]
    return {
        name: body for name, body in zip(parts[::2], parts[1::2], strict=True) if CODE.match(name)
    }


def exits() -> dict[str, set[int]]:
    """Code → the exit codes of the classes that it is raised with by their own names."""
    kinds = {
        name: int(kind.exit)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, SafeMigrateError)
    }
    # What the preflight finds is raised as a refusal.
    kinds["Finding"] = kinds["Refused"]
    found: dict[str, set[int]] = defaultdict(set)
    for module in sources():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                for text in (value for argument in given for value in strings(argument)):
                    if node.func.id in kinds and CODE.fullmatch(text):
                        found[text].add(kinds[node.func.id])
    return found


@pytest.mark.parametrize(("name", "body"), sections().items(), ids=list(sections()))
def test_a_section_answers_three_questions_and_has_a_command(name: str, body: str) -> None:
    for question in ("When", "State", "Do"):
        assert len(re.findall(rf"^- \*\*{question}:\*\* \S", body, re.MULTILINE)) == 1, question
    assert re.search(r"^```(sh|sql|python)\n", body, re.MULTILINE)
    assert "Exit code" in body


def test_exit_codes_are_those_of_the_code() -> None:
    raised = exits()
    assert raised["SM-E110"] == {4} and raised["SM-R201"] == {5}
    stated = {
        name: set(map(int, re.findall(r"\d+", re.findall(r"Exit code ([\d, or]+)", body)[0])))
        for name, body in sections().items()
    }
    wrong = {name: codes for name, codes in raised.items() if stated.get(name) != codes}
    assert wrong == {}
