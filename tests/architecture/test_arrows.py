"""Imports point down only (DESIGN.md, Layout), and what is pure does no input or output."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import SEEDER, SHOP, TOOL, Module, app, imports, sources

# The rooms of safe_migrate, top to bottom. Those on one floor do not import each other.
FLOORS = (
    ("apps",),
    ("management", "checks", "admin"),
    ("reports", "pipeline"),
    ("online", "backups", "rehearsal"),
    ("postgres",),
    ("plan", "hazards"),
    ("conf", "models"),
    ("facts",),
    ("policy",),
    ("errors", "version"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

PURE_ROOMS = {"hazards", "plan", "policy", "facts", "errors"}
PURE_MODULES = {"safe_migrate.backups.manifest", "safe_migrate.backups.retention"}
OUTSIDE = (
    "django.db.connection",
    "django.db.connections",
    "io",
    "os",
    "psycopg",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "urllib.request",
)
READS_OR_WRITES = {"open", "read_bytes", "read_text", "unlink", "write_bytes", "write_text"}
STARTS_PROGRAMS = {"execv", "execve", "execvp", "fork", "popen", "posix_spawn", "system"}

# The rest of the project gets its settings from config/env.py.
READS_ENVIRONMENT = {
    "apps/safe_migrate/postgres/embedded/launch.py": "hands a few variables on to the server",
    "apps/safe_migrate/postgres/tools.py": "hands a copy on to client programs, without PG*",
    "apps/safe_migrate/reports/progress.py": "NO_COLOR and TERM: what the terminal can show",
    "config/env.py": "the reader",
}


def within(name: str, parents: tuple[str, ...]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def uses(module: Module, *parents: str) -> list[str]:
    return sorted({name for name in imports(module) if within(name, parents)})


def is_pure(module: Module) -> bool:
    return module.room in PURE_ROOMS or module.name in PURE_MODULES


def attributes(module: Module) -> Iterator[tuple[str, str]]:
    """`owner.name` wherever it is written, and `open` as a bare call."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            yield owner, node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id


def test_every_room_has_its_floor() -> None:
    rooms = {module.room for module in app(TOOL)} - {""}
    assert rooms <= set(FLOOR), "DESIGN.md names no such room: give it a floor, or move the file"


@pytest.mark.parametrize("module", app(TOOL), ids=lambda module: module.name)
def test_arrows_point_down(module: Module) -> None:
    here = FLOOR.get(module.room, -1)
    rooms = {name.split(".")[1] for name in uses(module, TOOL) if name != TOOL}
    upward = {room for room in rooms & set(FLOOR) if FLOOR[room] <= here and room != module.room}
    assert not upward, f"{module.name} imports {upward}, which do not stand below it"


@pytest.mark.parametrize(
    "module", [m for m in app(TOOL) if is_pure(m)], ids=lambda module: module.name
)
def test_pure_modules_do_no_input_or_output(module: Module) -> None:
    assert uses(module, *OUTSIDE) == []
    touched = {name for _, name in attributes(module) if name in READS_OR_WRITES}
    assert touched == set()


def test_only_the_room_postgres_starts_programs() -> None:
    starting = {
        module.name
        for module in sources()
        if uses(module, "asyncio", "multiprocessing", "pty", "subprocess")
        or {("os", name) for name in STARTS_PROGRAMS} & set(attributes(module))
    }
    assert {name for name in starting if not within(name, ("safe_migrate.postgres",))} == set()


def test_only_the_room_postgres_opens_sessions() -> None:
    connecting = []
    for module in sources():
        if within(module.name, ("safe_migrate.postgres",)):
            continue
        written = {("psycopg", "connect"), ("Connection", "connect")} & set(attributes(module))
        imported = uses(module, "psycopg.connect", "psycopg_pool", "psycopg2")
        connecting += [module.name] if written or imported else []
    assert connecting == []


def test_the_tool_knows_neither_the_seeder_nor_the_shop() -> None:
    assert {m.name: uses(m, SEEDER, *SHOP) for m in app(TOOL) if uses(m, SEEDER, *SHOP)} == {}


def test_the_seeder_knows_no_shop() -> None:
    assert {m.name: uses(m, *SHOP) for m in app(SEEDER) if uses(m, *SHOP)} == {}


@pytest.mark.parametrize("shop", SHOP)
def test_the_shop_knows_no_tool(shop: str) -> None:
    assert {m.name: uses(m, TOOL) for m in app(shop) if uses(m, TOOL)} == {}


def test_no_app_imports_the_deployment() -> None:
    apps = [module for module in sources() if module.where.startswith("apps/")]
    assert {m.name: uses(m, "config", "apps") for m in apps if uses(m, "config", "apps")} == {}


def test_only_config_env_reads_the_environment() -> None:
    readers = {
        module.where
        for module in sources()
        if {("os", "environ"), ("os", "getenv")} & set(attributes(module))
        or uses(module, "os.environ", "os.getenv", "environ")
    }
    assert readers == set(READS_ENVIRONMENT)
