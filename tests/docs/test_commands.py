"""Every manage.py command in every page is one: its name, its options, its values."""

import re
import shlex
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from config.env import _split_env
from tests.architecture.tree import ROOT
from tests.docs.pages import FENCE, INLINE_CODE, Page, pages

COMMAND = re.compile(r"\bmanage\.py +([^\n`#&|;(]+)")
# What stands for a value of the reader's, where not any word will do.
CHOSEN = {"NAME": "staging", "ALIAS": "default"}


def written(of: Page) -> Iterator[str]:
    """The commands in the page's code."""
    for code in (*(match[3] for match in FENCE.finditer(of.text)), *INLINE_CODE.findall(of.prose)):
        yield from (match.strip() for match in COMMAND.findall(code))


def problem(command: str) -> str:
    """Why the command would not even start; empty where it would."""
    if command.startswith("COMMAND"):
        return ""
    name, *words = _split_env([CHOSEN.get(word, word) for word in shlex.split(command)])[0]
    if name not in get_commands():
        return "there is no such command"
    app = get_commands()[name]
    parser = load_command_class(str(app), name).create_parser("manage.py", name)
    # As from call_command: a CommandError instead of the end of the process.
    parser.called_from_command_line = False
    try:
        parser.parse_args(words)
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("of", pages(), ids=lambda of: of.where)
def test_commands(of: Page) -> None:
    wrong = {command: problem(command) for command in written(of) if problem(command)}
    assert wrong == {}


def test_commands_that_are_none_would_be_seen() -> None:
    assert problem("safe_migrat") == "there is no such command"
    assert "unrecognized arguments: --plam" in problem("safe_migrate --plam")
    assert "invalid choice: 'quality'" in problem("safe_doctor --stamp quality")
    assert problem("migrate --env staging") == ""


def test_scripts_are_there() -> None:
    named = {name for of in pages() for name in re.findall(r"(?<!\w)\.ci/([\w-]+)", of.text)}
    assert {"run", "build", "deploy"} <= named
    assert {name for name in named if not (ROOT / ".ci" / name).exists()} == set()
