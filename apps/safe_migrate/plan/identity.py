"""What a migration's file says, as two hashes: of its bytes, and of its code alone."""

import ast
import hashlib
import inspect
import sys

from django.db.migrations.migration import Migration

from safe_migrate.facts import Checksum


def source_of(migration: Migration) -> str:
    """The text of the module that defines the migration; empty where there is none to read."""
    try:
        return inspect.getsource(sys.modules[type(migration).__module__])
    except (KeyError, OSError, TypeError):
        return ""


def source_checksum(source: str) -> str:
    """Cheap to take, and changed by a reformatting as well."""
    return hashlib.sha256(source.encode()).hexdigest()


def code_checksum(source: str) -> str:
    """Unchanged by comments, docstrings and layout: what the migration does."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and _has_docstring(node):
            node.body = node.body[1:]
    return hashlib.sha256(_canonical(tree).encode()).hexdigest()


def checksum(migration: Migration) -> Checksum:
    """Both hashes of one migration."""
    source = source_of(migration)
    return Checksum(source_checksum(source), code_checksum(source))


def is_edited(migration: Migration, recorded: Checksum) -> bool:
    """Whether the migration does something else than when it was recorded."""
    source = source_of(migration)
    if source_checksum(source) == recorded.source:
        return False
    return code_checksum(source) != recorded.code


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _canonical(node: object) -> str:
    """As ast.dump, but without the fields that newer Pythons add and leave empty."""
    if isinstance(node, ast.AST):
        given = [(name, getattr(node, name, None)) for name in node._fields]
        inner = ",".join(f"{n}={_canonical(v)}" for n, v in given if v not in (None, []))
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(map(_canonical, node))}]"
    return repr(node)
