"""Where in a migration's file each of its operations stands, for those who click on it."""

import ast

from django.db.migrations.migration import Migration

from safe_migrate.plan.identity import source_of


def lines(migration: Migration) -> dict[int, int]:
    """Operation → line; empty where the file does not write them as one plain list."""
    tree = ast.parse(source_of(migration))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == type(migration).__name__:
            found = [line for each in node.body for line in _operations(each)]
            plain = len(found) == len(migration.operations)
            return dict(enumerate(found)) if plain else {}
    return {}


def place(migration: Migration, line: int | None) -> str:
    """shelf/migrations/0002_price.py:17, from the module's name and so the same on any machine."""
    file = type(migration).__module__.replace(".", "/") + ".py"
    return file if line is None else f"{file}:{line}"


def _operations(node: ast.stmt) -> list[int]:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
        named = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if named == ["operations"]:
            return [element.lineno for element in node.value.elts]
    return []
