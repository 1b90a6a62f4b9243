"""Situations to try hazards on: a shop with large tables, and statements as Django writes them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from safe_migrate.facts.danger import Danger, Field, Operation, Question, Situation
from safe_migrate.facts.database import Database, ExistingColumn, ExistingConstraint, Table
from safe_migrate.facts.statement import ConstraintKind, Kind, Statement
from safe_migrate.hazards.base import Hazard
from safe_migrate.plan.parse import statements

ROWS = 1_200_000
ROW_BYTES = 120


def table(
    name: str,
    columns: Mapping[str, str] | None = None,
    *,
    rows: int = ROWS,
    required: Iterable[str] = ("id",),
    **more: Any,
) -> Table:
    """A table in public: column → type; `required` are those that are NOT NULL."""
    known = {"id": "bigint", **(columns or {})}
    key = ExistingConstraint(name=f"{name}_pkey", kind=ConstraintKind.PRIMARY_KEY, columns=("id",))
    return Table(
        name=f'"public"."{name}"',
        rows=rows,
        bytes=more.pop("bytes", rows * ROW_BYTES),
        columns={
            column: ExistingColumn(name=column, type=type_, not_null=column in {*required})
            for column, type_ in known.items()
        },
        constraints=(key, *more.pop("constraints", ())),
        **more,
    )


ORDER = table(
    "orders_order",
    {
        "number": "character varying(20)",
        "customer_id": "bigint",
        "status": "character varying(12)",
        "amount": "integer",
        "note": "text",
        "placed_at": "timestamp with time zone",
    },
    required=("id", "number", "customer_id", "status", "placed_at"),
    constraints=(
        ExistingConstraint(
            name="orders_order_customer_id_fk_accounts_user_id",
            kind=ConstraintKind.FOREIGN_KEY,
            columns=("customer_id",),
            references='"public"."accounts_user"',
        ),
    ),
)
USER = table(
    "accounts_user",
    {"email": "character varying(254)", "full_name": "character varying(80)"},
    rows=300_000,
    required=("id", "email", "full_name"),
    referenced_by=('"public"."orders_order"',),
)
SMALL = table("catalog_category", {"name": "character varying(80)"}, rows=40)


def database(*tables: Table, **more: Any) -> Database:
    """A PostgreSQL 18 with the shop's tables, those given in the place of theirs."""
    held = {each.name: each for each in (ORDER, USER, SMALL, *tables)}
    return Database(**{"major": 18, "tables": held, **more})


def new(one: Table) -> Table:
    """The same table as if this plan had created it."""
    return replace(one, new=True, rows=0, bytes=0)


def operation(kind: str = "RunSQL", **more: Any) -> Operation:
    """An operation of orders.0007, which is atomic, on the model Order."""
    given = {
        "app": "orders",
        "migration": "0007_change",
        "number": 0,
        "atomic": True,
        "model": "order",
        "table": "orders_order",
        "kinds": (kind,),
    }
    return Operation(kind=kind, **{**given, **more})


def field(name: str, kind: str = "CharField", **more: Any) -> Field:
    """A field whose column has its name."""
    return Field(**{"name": name, "column": name, "kind": kind, **more})


def situations(
    sql: str,
    where: Database | None = None,
    what: Operation | None = None,
    *,
    earlier: str = "",
    answers: tuple[tuple[Question, tuple[str, ...]], ...] = (),
) -> list[Situation]:
    """One for each statement of a text, which run in one transaction after `earlier`."""
    before: tuple[Statement, ...] = statements(earlier) if earlier else ()
    made = []
    for statement in statements(sql):
        made.append(
            Situation(
                statement=statement,
                operation=what or operation(),
                database=where or database(),
                earlier=before,
                answers=answers,
            )
        )
        before = (*before, statement)
    return made


def situation(sql: str, *given: Any, **more: Any) -> Situation:
    """Of a text with one statement."""
    [only] = situations(sql, *given, **more)
    return only


def dangers(hazard: Hazard, sql: str, *given: Any, **more: Any) -> list[Danger]:
    """What a hazard finds in the statements of a text; the arguments are those of situations()."""
    return [found for each in situations(sql, *given, **more) for found in hazard.find(each)]


def questions(hazard: Hazard, sql: str, *given: Any, **more: Any) -> list[Question]:
    """What a hazard asks of the data for the statements of a text."""
    return [asked for each in situations(sql, *given, **more) for asked in hazard.ask(each)]


def answered(hazard: Hazard, sql: str, *keys: str, **more: Any) -> list[Danger]:
    """What a hazard finds when each of its questions is answered with these keys."""
    answers = tuple((asked, keys) for asked in questions(hazard, sql, **more))
    return dangers(hazard, sql, answers=answers, **more)


def program(what: Operation | None = None) -> Situation:
    """Of code without SQL to show, such as that of RunPython."""
    return Situation(
        statement=Statement(sql="", kind=Kind.CODE),
        operation=what or operation("RunPython"),
        database=database(),
    )
