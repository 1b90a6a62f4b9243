"""What a migration's file says, as two hashes: of its bytes, and of its code alone; and a plan's.

The hash of a plan is of all that decides what it will do: sources, statements, the catalog.
"""

import ast
import hashlib
import inspect
import sys

from django.db.migrations.migration import Migration

from safe_migrate.facts import Checksum, PlannedMigration, PlannedOperation
from safe_migrate.facts.database import Database, Table
from safe_migrate.plan import parse
from safe_migrate.plan.situations import named
from safe_migrate.version import VERSION

PLAN_ID_LENGTH = 16


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


def plan_id(plan: tuple[PlannedMigration, ...], database: Database) -> str:
    """16 hexadecimal digits; equal as long as the plan does the same to the same schema.

    Sizes are left out, and the values that a Python default gives anew each time it is asked.
    """
    tables = {found.name: found for name in named(plan) if (found := database.table(name))}
    said = [
        VERSION,
        database.major,
        [_of_migration(migration) for migration in plan],
        [_of_table(tables[name]) for name in sorted(tables)],
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:PLAN_ID_LENGTH]


def _of_migration(migration: PlannedMigration) -> list[object]:
    whole = (str(migration), migration.backwards, migration.checksum)
    return [*whole, *(_of_operation(operation) for operation in migration.operations)]


def _of_operation(operation: PlannedOperation) -> list[object]:
    field = operation.told.after if operation.told else None
    if not (field and field.callable_default):
        return list(operation.statements)
    statements = [each for text in operation.statements for each in parse.statements(text)]
    return [(each.kind, each.table, [a.kind for a in each.actions]) for each in statements]


def _of_table(table: Table) -> list[object]:
    """What it is, without how much is in it."""
    indexes = ((i.name, i.columns, i.unique, i.valid, i.partial, i.uses) for i in table.indexes)
    constraints = ((c.name, c.kind, c.validated, c.definition) for c in table.constraints)
    return [
        table.name,
        *sorted(map(repr, table.columns.values())),
        *sorted(map(repr, indexes)),
        *sorted(map(repr, constraints)),
    ]


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
