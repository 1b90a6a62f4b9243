"""The files of this project, read once: what the architecture tests look at."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = "safe_migrate"
SEEDER = "seeding"
SHOP = ("accounts", "catalog", "orders")


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is what it is imported by."""

    path: Path
    name: str
    package: str
    """What its relative imports start from."""
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The folder or file right below the app: `plan` of safe_migrate.plan.collect."""
        return [*self.name.split("."), ""][1]


@cache
def files() -> tuple[Path, ...]:
    """What git tracks, and what it would if it were added now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


@cache
def sources() -> tuple[Module, ...]:
    """The modules of apps/ and config/ and manage.py, without the generated migrations."""
    return tuple(
        _module(path)
        for path in files()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in {"apps", "config", "manage.py"}
        and "migrations" not in path.parts
    )


def app(name: str) -> tuple[Module, ...]:
    """The modules of one app."""
    return tuple(module for module in sources() if module.name.split(".")[0] == name)


def imports(module: Module) -> Iterator[str]:
    """Every imported name in full: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def functions(module: Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function and method, with where it stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.where}:{node.lineno} {node.name}", node


def strings(tree: ast.AST) -> Iterator[str]:
    """Every string constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _module(path: Path) -> Module:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "apps":
        del parts[0]
    is_package = parts[-1] == "__init__"
    if is_package:
        del parts[-1]
    text = path.read_text()
    name = ".".join(parts)
    package = name if is_package else ".".join(parts[:-1])
    return Module(path, name, package, text, ast.parse(text, filename=str(path)))
