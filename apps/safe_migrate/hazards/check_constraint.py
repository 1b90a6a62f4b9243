"""ADD CONSTRAINT CHECK: every row is checked under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation, Step
from safe_migrate.facts.statement import ActionKind, Constraint, ConstraintKind
from safe_migrate.hazards import adding, code
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, lasting, pass_ms, shown, size, standing

CODE = "SM-H106"
IMPORT = "from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    table = standing(database, statement.table)
    if table is None:
        return
    for action in actions(statement, ActionKind.ADD_CONSTRAINT):
        added = action.constraint
        if added is None or added.kind is not ConstraintKind.CHECK or added.not_valid:
            continue
        held = pass_ms(table, database.costs.scan)
        called = f'"{added.name}"' if added.name else "a check constraint"
        yield Danger(
            code=CODE,
            effect=Effect.SCAN,
            table=table.name,
            lock=Lock.ACCESS_EXCLUSIVE,
            what=f"every row of {shown(table.name)} ({size(table)}) is checked for {called}"
            f" under ACCESS EXCLUSIVE: reads and writes wait {lasting(table, held)}",
            held_ms=held,
            instead=(
                "Add it NOT VALID, for new rows only; validate it in a later migration, while"
                " others read and write.",
            ),
            code_instead=_code(situation, added),
        )


def _code(situation: Situation, added: Constraint) -> str:
    operation = situation.operation
    if operation.kind != "AddConstraint":
        steps = _rewrite(situation)
        return code.by_steps(situation, steps) if steps else ""
    arguments = (f'model_name="{operation.model}"', f'name="{added.name}"')
    add = code.call("AddConstraintNotValid", arguments[0], "constraint=...")
    if operation.code.startswith("migrations.AddConstraint("):
        add = operation.code.replace("migrations.AddConstraint", "AddConstraintNotValid", 1)
    return "\n".join(
        (
            code.operations(add, imports=[IMPORT]),
            "",
            "# and in the migration after it",
            code.operations(code.call("ValidateConstraint", *arguments)),
        )
    )


def _rewrite(situation: Situation) -> tuple[Step, ...]:
    return adding.steps_of(situation)


HAZARD = Hazard(
    code=CODE,
    title="Check of all rows",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.SCAN,),
    why="ADD CONSTRAINT … CHECK reads every row to see that it holds, under ACCESS EXCLUSIVE:"
    " reads and writes wait until the last row is checked.",
    remedy="ADD CONSTRAINT … NOT VALID changes the catalog alone and holds for new rows at once;"
    " VALIDATE CONSTRAINT then reads the table under SHARE UPDATE EXCLUSIVE, in a transaction of"
    " its own: in the same one the first lock would still be held.",
    find=_find,
    rewrite=_rewrite,
)
