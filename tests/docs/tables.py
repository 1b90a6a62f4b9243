"""The tables of docs/reference.md that are made from the code, so that neither can be wrong alone.

`uv run python -m tests.docs.tables` writes them anew; test_reference.py compares them.
"""

import argparse
import ast
import inspect
import os
import re
from collections.abc import Iterator
from typing import Any

import django
from django.core.management import BaseCommand, load_command_class

from safe_migrate import policy
from safe_migrate.management.base import SafeCommand
from safe_migrate.policy import DEFAULTS, Environment, Policy
from tests.architecture.tree import ROOT

REFERENCE = ROOT / "docs" / "reference.md"
MARKED = re.compile(r"(?<=<!-- table: )([\w ]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
COMMANDS = {
    "safe_migrate": "safe_migrate",
    "safe_backup": "safe_migrate",
    "safe_status": "safe_migrate",
    "safe_doctor": "safe_migrate",
    "safe_reset": "safe_migrate",
    "seed": "seeding",
}
WITH_ACTIONS = "safe_backup"


def actions() -> tuple[Any, ...]:
    """Those of `safe_backup`; django-dbbackup asks for settings as soon as it is imported."""
    from safe_migrate.management.backup import ACTIONS

    return ACTIONS


def names() -> list[str]:
    """Every table that the page has, in its order."""
    found = ["policy", "common options"]
    for command in COMMANDS:
        if command == WITH_ACTIONS:
            found += [f"{command} actions"]
            found += [f"{command} {action.NAME} options" for action in actions()]
        else:
            found += [f"{command} options"]
    return found


def expected(name: str) -> str:
    """The table of this name as it must stand in the page."""
    if name == "policy":
        return policy_table()
    if name == "common options":
        return _table(("option", "what it does"), _rows(_common()))
    if name == f"{WITH_ACTIONS} actions":
        rows = ((f"[`{a.NAME}`](#safe_backup-{a.NAME})", a.HELP) for a in actions())
        return _table(("action", "what it does"), rows)
    return _table(("option", "what it does"), _rows(_own(name.removesuffix(" options"))))


def policy_table() -> str:
    """Every key with its meaning, from the docstrings, and each environment's default."""
    meanings = _docstrings(Policy)
    rows = (
        (
            f"`{name.upper()}`",
            meanings[name] or _of_type(getattr(DEFAULTS[Environment.PRODUCTION], name)),
            *(f"`{_value(getattr(DEFAULTS[environment], name))}`" for environment in Environment),
        )
        for name in policy.policy_names()
    )
    return _table(("key", "what it decides", *(str(name) for name in Environment)), rows)


def rewritten(text: str) -> str:
    """The page with every marked table as the code has it."""
    return MARKED.sub(lambda match: f"{match[1]}{match[2]}{expected(match[1])}", text)


def _docstrings(kind: type) -> dict[str, str]:
    """Attribute → the string that stands below it."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            found[name] = ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = " ".join(str(node.value.value).split())
    return found


def _of_type(value: Any) -> str:
    """What an enumeration is about, and its members."""
    about = str(type(value).__doc__).splitlines()[0]
    return f"{about} One of {', '.join(f'`{member}`' for member in type(value))}."


def _value(value: Any) -> str:
    return str(value.value if hasattr(value, "value") else value)


def _common() -> list[argparse.Action]:
    django = {action.dest for action in _actions_of_django()}
    return [a for a in _actions(SafeCommand()) if a.dest not in django]


def _own(words: str) -> list[argparse.Action]:
    """What a command, or the action of one, takes beyond the shared options, or in another way."""
    command, _, action = words.partition(" ")
    shared = {(option.dest, option.help) for option in (*_actions_of_django(), *_common())}
    given = _actions(load_command_class(COMMANDS[command], command), action)
    return [option for option in given if (option.dest, option.help) not in shared]


def _actions_of_django() -> list[argparse.Action]:
    return _actions(BaseCommand())


def _actions(command: Any, name: str = "") -> list[argparse.Action]:
    parser = command.create_parser("manage.py", "command")
    if name:
        [several] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        parser = several.choices[name]
    for action in parser._actions:
        action.help = (action.help or "") % {"default": action.default, "prog": parser.prog}
    return list(parser._actions)


def _rows(actions: list[argparse.Action]) -> Iterator[tuple[str, ...]]:
    for action in actions:
        names = ", ".join(f"`{_usage(action, name)}`" for name in action.option_strings)
        yield names or f"`{action.dest.upper()}`", str(action.help)


def _usage(action: argparse.Action, name: str) -> str:
    if action.nargs == 0:
        return name
    # The aliases are each project's own.
    if action.dest == "database":
        return f"{name} ALIAS"
    choices = ",".join(map(str, action.choices or ()))
    value = f"{{{choices}}}" if choices else action.metavar or action.dest.upper()
    return f"{name} [{value}]" if action.nargs == "?" else f"{name} {value}"


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines: list[tuple[str, ...]] = [head, ("---",) * len(head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def main() -> None:
    """Write the page anew."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    django.setup()
    REFERENCE.write_text(rewritten(REFERENCE.read_text()))


if __name__ == "__main__":
    main()
