"""Small files, small functions: what can be read in one sitting can be checked by a reader."""

import ast
from statistics import median, quantiles

import pytest

from tests.architecture.tree import Module, files, functions, sources

MODULE, MEDIAN_MODULE = 350, 90
FUNCTION, P95_FUNCTION, DOORWAY = 80, 45, 30
CATCH_ALLS = {"common", "core", "helper", "helpers", "misc", "services", "util", "utils"}


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_is_long() -> None:
    sizes = {module.where: len(module.text.splitlines()) for module in sources()}
    assert {where: size for where, size in sizes.items() if size > MODULE} == {}


def test_modules_are_small() -> None:
    sizes = [len(module.text.splitlines()) for module in sources() if module.text.strip()]
    assert median(sizes) <= MEDIAN_MODULE


def test_no_function_is_long() -> None:
    sizes = {where: lines(node) for module in sources() for where, node in functions(module)}
    assert {where: size for where, size in sizes.items() if size > FUNCTION} == {}


def test_functions_are_small() -> None:
    sizes = [lines(node) for module in sources() for _, node in functions(module)]
    assert quantiles(sizes, n=20)[-1] <= P95_FUNCTION


def test_commands_are_doorways() -> None:
    doors = {
        where: lines(node)
        for module in sources()
        if "management" in module.path.parts
        for where, node in functions(module)
        if node.name in {"handle", "run"}
    }
    assert {where: size for where, size in doors.items() if size > DOORWAY} == {}


def test_no_catch_all_files() -> None:
    named = [path for path in files() if {path.stem, path.parent.name} & CATCH_ALLS]
    assert named == []


@pytest.mark.parametrize("module", sources(), ids=lambda module: module.name)
def test_every_module_says_why_it_is_there(module: Module) -> None:
    if module.text.strip():
        said = (ast.get_docstring(module.tree) or "").splitlines()
        assert 1 <= len(said) <= 8
