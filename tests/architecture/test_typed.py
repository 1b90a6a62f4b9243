"""Every function says what it takes and gives; mypy is strict (run by .ci/types)."""

import ast
import tomllib

from tests.architecture.tree import ROOT, functions, sources


def unannotated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    missing = [arg.arg for arg in named if arg and not arg.annotation]
    return [name for name in missing if name not in {"self", "cls"}]


def test_every_function_is_annotated() -> None:
    bare = [
        where
        for module in sources()
        for where, node in functions(module)
        if unannotated(node) or node.returns is None
    ]
    assert bare == []


def test_mypy_is_strict_about_all_of_it() -> None:
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"] is True
    assert {"apps", "config", "manage.py"} <= set(mypy["files"])


def test_both_apps_say_that_they_are_typed() -> None:
    assert all((ROOT / "apps" / app / "py.typed").is_file() for app in ("safe_migrate", "seeding"))
