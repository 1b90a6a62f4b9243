"""Operations to paste into a migration, with the user's own names. Pure."""

import textwrap
from collections.abc import Sequence

from safe_migrate.facts.danger import Lock, Operation, Situation, Step
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards import steps as safe

WIDTH = 88


def operations(*each: str, atomic: bool = True, imports: Sequence[str] = ()) -> str:
    """The body of a migration with these operations."""
    head = [*imports, *([""] if imports else [])]
    head += [] if atomic else ["atomic = False"]
    body = "\n".join(textwrap.indent(operation, "    ") + "," for operation in each)
    return "\n".join([*head, "operations = [", body, "]"])


def call(name: str, *arguments: str) -> str:
    """A call, on one line where it fits."""
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    inside = "".join(textwrap.indent(argument, "    ") + ",\n" for argument in arguments)
    return f"{name}(\n{inside})"


def listed(name: str, items: Sequence[str]) -> str:
    """A keyword argument that is a list."""
    inside = "".join(textwrap.indent(item, "    ") + ",\n" for item in items)
    return f"{name}=[\n{inside}]"


def run_sql(forwards: str, backwards: str | None) -> str:
    """A RunSQL; it can be taken back where that is known."""
    if backwards is None:
        return call("migrations.RunSQL", repr(forwards))
    reverse = repr(backwards) if backwards else "migrations.RunSQL.noop"
    return call("migrations.RunSQL", repr(forwards), f"reverse_sql={reverse}")


def as_it_is(operation: Operation) -> str:
    """The operation as the migration has it; an ellipsis where its arguments are not known."""
    return operation.code or f"migrations.{operation.kind}(...)"


def by_steps(situation: Situation, steps: Sequence[Step]) -> str:
    """The operation with `steps` in the place of the statement; Django's state changes as before.

    An index that is another statement of the operation is built concurrently as well.
    """
    operation = situation.operation
    parts = []
    for each in operation.statements or (situation.statement,):
        chosen = steps if each == situation.statement else _as_steps(each)
        parts += [run_sql(step.sql, step.reverse) for step in chosen]
    if operation.kind == "RunSQL":
        return operations(*parts, atomic=False)
    separated = call(
        "migrations.SeparateDatabaseAndState",
        listed("database_operations", parts),
        listed("state_operations", [as_it_is(operation)]),
    )
    return operations(separated, atomic=False)


def _as_steps(statement: Statement) -> tuple[Step, ...]:
    if statement.kind is Kind.SET_CONSTRAINTS:
        return ()
    if statement.kind is Kind.CREATE_INDEX and statement.concurrently:
        return (safe.index(statement),)
    return (Step(sql=statement.sql, lock=Lock.NONE),)


def in_batches(step: Step, table: str, key: str, size: int = 5000) -> str:
    """A migration of its own that carries out a batched step in ranges of a whole number key."""
    bounds = f"SELECT min({key}), max({key}) FROM {table}"
    return textwrap.dedent(f"""
        def in_batches(apps, schema_editor):
            with schema_editor.connection.cursor() as cursor:
                cursor.execute({bounds!r})
                first, end = cursor.fetchone()
                while first is not None and first <= end:
                    cursor.execute(
                        {step.sql!r},
                        {{"first": first, "last": first + {size - 1}}},
                    )
                    first += {size}


        class Migration(migrations.Migration):
            atomic = False
            operations = [migrations.RunPython(in_batches, migrations.RunPython.noop)]
    """).strip()
