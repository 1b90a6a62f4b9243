"""A many-to-many field that gets a through model, or becomes another field: Django refuses."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.statement import Kind
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.code import as_it_is, call, listed, operations

CODE = "SM-H303"
# BaseDatabaseSchemaEditor.alter_field() ends so, from Django 1.7 to 6.1.
_REFUSED = "through= on M2M fields"
_M2M = "many to many"


def _find(situation: Situation) -> Iterator[Danger]:
    operation = situation.operation
    before, after = operation.before, operation.after
    if situation.statement.kind is not Kind.CODE or operation.kind != "AlterField":
        return
    changed = before and after and (before.relation == _M2M) != (after.relation == _M2M)
    if not changed and _REFUSED not in operation.opaque:
        return
    field = after or before
    name = field.name if field else ""
    yield Danger(
        code=CODE,
        effect=Effect.FAILS,
        table=f'"{operation.table}"',
        lock=Lock.NONE,
        what=(
            f'field "{name}" of {operation.model} cannot be altered to or from a many-to-many'
            " field, nor get or lose its through model: Django raises ValueError"
        ),
        instead=(
            "Give the through model the db_table that the field's own join table has, and change"
            " the state alone.",
            "For another kind of field: add a new one, copy the rows, remove the old one.",
        ),
        code_instead=_code(situation),
    )


def _code(situation: Situation) -> str:
    separated = call(
        "migrations.SeparateDatabaseAndState",
        listed(
            "state_operations",
            [
                'migrations.CreateModel("…", fields=[…], options={"db_table": "…"})',
                as_it_is(situation.operation),
            ],
        ),
    )
    return operations(separated)


HAZARD = Hazard(
    code=CODE,
    title="Many-to-many field altered",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why=(
        "makemigrations writes an AlterField, and Django's schema editor raises ValueError when it"
        " runs: the migration fails in production as it does everywhere else, but nothing says so"
        " before."
    ),
    remedy="SeparateDatabaseAndState, with a through model on the join table that is there.",
    find=_find,
)
