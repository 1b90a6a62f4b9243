"""Row security and its policies: which rows a role sees changes at once, for old code as well."""

from collections.abc import Iterator

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.facts.database import Table
from safe_migrate.facts.statement import ActionKind, Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.hazards.words import actions, same, shown, standing

CODE = "SM-H418"


def _find(situation: Situation) -> Iterator[Danger]:
    statement = situation.statement
    if table := standing(situation.database, statement.table):
        for what, instead in _effects(statement, table, _has_policies(situation, table)):
            yield Danger(
                code=CODE,
                effect=Effect.BREAKS_OLD_CODE,
                table=table.name,
                lock=Lock.ACCESS_EXCLUSIVE,
                what=what,
                instead=(instead,),
                phase=Phase.ANY,
            )


def _effects(statement: Statement, table: Table, policies: bool) -> Iterator[tuple[str, str]]:
    name = shown(table.name)
    for action in actions(statement, ActionKind.ROW_SECURITY):
        if action.option == "EnableRowSecurity" and not policies:
            yield (
                f"Row security on {name} without a policy: every role but its owner sees no row"
                " and can write none",
                "Create the policies first, in the same transaction, then enable row security.",
            )
        elif action.option == "ForceRowSecurity":
            yield (
                f"Row security of {name} is forced on its owner as well: code that runs as the"
                " owner sees only what the policies let it",
                "Try it with the application's role on a copy first.",
            )
        elif action.option in ("DisableRowSecurity", "NoForceRowSecurity") and table.row_security:
            yield (
                f"Row security of {name} is taken away: rows that its policies hid are shown",
                "Drop or widen the policies one by one instead.",
            )
    if statement.kind is Kind.POLICY and statement.mode == "restrictive":
        yield (
            f"The policy {statement.name} on {name} is restrictive: rows that roles see now they"
            " will not see any more",
            "Create it when the code that runs expects that.",
        )
    dropped = statement.kind is Kind.DROP and statement.object == "policy"
    if dropped and table.row_security:
        yield (
            f"A policy of {name} is dropped: rows that it let roles see they will not see any more",
            "Create the policy that replaces it first, in the same transaction.",
        )


def _has_policies(situation: Situation, table: Table) -> bool:
    """Those that are there, and those that this transaction has made."""
    return any(dependent.kind == "policy" for dependent in table.dependents) or any(
        earlier.kind is Kind.POLICY and same(situation.database, earlier.table, table.name)
        for earlier in situation.earlier
    )


HAZARD = Hazard(
    code=CODE,
    title="Rows hidden or shown",
    lock=Lock.ACCESS_EXCLUSIVE,
    effects=(Effect.BREAKS_OLD_CODE,),
    why=(
        "Row security hides rows without an error: queries give fewer rows, and updates change"
        " none. Enabled without a policy it hides all of them from every role but the owner."
    ),
    remedy="Policies first, then row security, and both tried with the application's role.",
    find=_find,
)
