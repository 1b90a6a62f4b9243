"""ALTER TYPE … ADD VALUE, and the value used in the same transaction."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import literal

CODE = "SM-H406"


def _find(situation: Situation) -> Iterator[Danger]:
    statement, operation = situation.statement, situation.operation
    if not operation.atomic:
        return
    for added in _added(situation.earlier, situation.database.major):
        if statement.kind is Kind.CODE:
            using = "the program that runs after it may use it"
        elif added.new_name in statement.literals:
            using = f"{statement.kind.upper()} uses it"
        else:
            continue
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=statement.table,
            lock=Lock.NONE,
            what=(
                f"{literal(added.new_name)} is added to the type {added.name}, and {using} in the"
                ' same transaction: "unsafe use of new value of enum type"'
            ),
            instead=("Add the value in a migration of its own, and use it in the next.",),
            code_instead=(
                "class Migration(migrations.Migration):\n"
                f"    operations = [migrations.RunSQL({added.sql!r}, migrations.RunSQL.noop)]"
            ),
            phase=Phase.SPLIT,
        )


def _added(earlier: tuple[Statement, ...], major: int) -> Iterator[Statement]:
    """New values of types that bear no use of them: since 17 those of this transaction do."""
    own = {s.name for s in earlier if s.kind is Kind.CREATE_TYPE and major >= 17}
    for statement in earlier:
        is_value = statement.kind is Kind.ALTER_TYPE and statement.object == "enum value"
        if is_value and statement.new_name and statement.name not in own:
            yield statement


HAZARD = Hazard(
    code=CODE,
    title="Enum value used at once",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why=(
        "PostgreSQL refuses a new value of an enum type (SQLSTATE 55P04) until the transaction"
        " that adds it has ended, and a migration is one transaction."
    ),
    remedy="Add the value in a migration of its own, and use it in the next.",
    find=_find,
)
