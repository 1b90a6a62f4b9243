"""The SQL of operations with what hazards are told of each, by Django's own schema editor."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections, migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.migration import Migration
from psycopg.conninfo import conninfo_to_dict

from safe_migrate.facts import PlannedMigration
from safe_migrate.facts.danger import Field
from safe_migrate.plan.collect import collect, describe
from tests.servers import Server

ID = ("id", models.BigAutoField(primary_key=True))
FIRST = [
    migrations.CreateModel("Author", [ID, ("name", models.CharField(max_length=9, db_index=True))]),
    migrations.CreateModel("Book", [ID, ("title", models.TextField())], {"db_table": "tome"}),
]


@pytest.fixture
def connection(
    server: Server, database: str, django_db_blocker: Any
) -> Iterator[BaseDatabaseWrapper]:
    """Django's, to the fresh database."""
    given = conninfo_to_dict(server.url(database))
    own = connections["default"].copy()
    own.settings_dict = {
        **own.settings_dict,
        "NAME": given["dbname"], "USER": given["user"], "PASSWORD": given["password"],
        "HOST": given["host"], "PORT": given["port"],
    }  # fmt: skip
    with django_db_blocker.unblock():
        yield own
        own.close()


def migration(name: str, *operations: Any) -> Migration:
    made = Migration(name, "shelf")
    made.operations = list(operations)
    return made


def planned(
    connection: BaseDatabaseWrapper, *plan: Migration, backwards: bool = False, applied: int = 0
) -> tuple[PlannedMigration, ...]:
    """The plan of all but the first `applied` migrations; backwards the last one's."""
    loader = SimpleNamespace(
        unmigrated_apps=set(),
        graph=SimpleNamespace(leaf_nodes=lambda: []),
        applied_migrations={(m.app_label, m.name): m for m in plan[:applied]},
    )
    executor: Any = SimpleNamespace(
        loader=loader, migration_plan=lambda targets, clean_start: [(m, False) for m in plan]
    )
    return collect(executor, [(m, backwards) for m in plan[applied:]], connection)


def plain(field: Field | None) -> Field | None:
    """Without the words to write it with again."""
    return replace(field, source="") if field else None


def test_a_field_is_told_before_and_after(connection: BaseDatabaseWrapper) -> None:
    price = models.DecimalField(max_digits=5, decimal_places=2, default=list, null=True)
    first = migration("0001_initial", *FIRST)
    second = migration(
        "0002_fields",
        migrations.AddField("Book", "price", price),
        migrations.AlterField("Book", "title", models.CharField(max_length=9, unique=True)),
        migrations.AddField("Book", "by", models.ForeignKey("Author", models.CASCADE, null=True)),
        migrations.RenameField("Book", "title", "name"),
        migrations.RemoveField("Book", "name"),
    )
    [_, found] = planned(connection, first, second)
    told = [operation.told for operation in found.operations]
    assert all(each and each.table == "tome" and each.model == "Book" for each in told)
    assert [each.number for each in told if each] == [0, 1, 2, 3, 4]
    assert told[0] and told[0].kinds == (
        "AddField", "AlterField", "AddField", "RenameField", "RemoveField",
    )  # fmt: skip
    assert (told[0].before, plain(told[0].after)) == (
        None,
        Field(
            name="price", column="price", kind="DecimalField", null=True, has_default=True,
            callable_default=True,
        ),
    )  # fmt: skip
    title = Field(name="title", column="title", kind="TextField")
    short = Field(name="title", column="title", kind="CharField", max_length=9, unique=True)
    assert told[1] and (plain(told[1].before), plain(told[1].after)) == (title, short)
    assert told[2] and plain(told[2].after) == Field(
        name="by", column="by_id", kind="ForeignKey", null=True, db_index=True,
        relation="many to one",
    )  # fmt: skip
    assert told[3] and told[3].before and told[3].after
    assert (told[3].before.name, told[3].after.name, told[3].after.column) == (
        "title", "name", "name",
    )  # fmt: skip
    assert told[4] and told[4].before and told[4].before.name == "name" and not told[4].after


def test_deferred_statements_are_counted(connection: BaseDatabaseWrapper) -> None:
    [found] = planned(connection, migration("0001_initial", *FIRST))
    assert [(len(o.statements), o.deferred) for o in found.operations] == [(3, 2), (1, 0)]
    assert found.operations[0].statements[2].endswith("varchar_pattern_ops);")


def test_operations_within_others_are_visited_one_by_one(connection: BaseDatabaseWrapper) -> None:
    note = models.TextField(null=True)
    first = migration("0001_initial", *FIRST)
    nested = migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL("SELECT 1"),
            migrations.SeparateDatabaseAndState(
                database_operations=[migrations.AddField("Book", "note", note)]
            ),
        ],
        state_operations=[migrations.AddField("Book", "remark", note)],
    )
    alone = migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("Book", "title")]
    )
    last = migrations.AlterField("Book", "remark", models.TextField(default="x"))
    second = migration("0002_nested", nested, alone, last)
    [_, found] = planned(connection, first, second)
    assert [(o.description, len(o.statements), o.opaque) for o in found.operations] == [
        ("Raw SQL operation", 1, ""),
        ("Add field note to Book", 1, ""),
        ("Add field remark to Book (state only)", 0, ""),
        ("Remove field title from Book (state only)", 0, ""),
        ("Alter field remark on Book", 4, ""),
    ]
    told = [operation.told for operation in found.operations]
    assert [each.kind if each else "" for each in told] == [
        "RunSQL", "AddField", "", "RemoveField", "AlterField",
    ]  # fmt: skip
    assert [each.state_only for each in told if each] == [False, False, True, False]
    assert [each.number for each in told if each] == [0, 0, 1, 2]
    described = describe([(second, False)])[0]
    assert [o.description for o in described.operations] == [
        o.description for o in found.operations
    ]


def test_the_way_back_goes_from_after_to_before(connection: BaseDatabaseWrapper) -> None:
    first = migration("0001_initial", *FIRST)
    second = migration(
        "0002_note",
        migrations.AddField("Book", "note", models.TextField(null=True)),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("SELECT 1", "SELECT 2"),
                migrations.RunSQL("SELECT 3"),
            ]
        ),
    )
    [found] = planned(connection, first, second, backwards=True, applied=1)
    assert [(o.description, o.statements, o.opaque) for o in found.operations] == [
        ("Raw SQL operation", (), "cannot be reversed"),
        ("Raw SQL operation", ("SELECT 2;",), ""),
        ("Add field note to Book", ('ALTER TABLE "tome" DROP COLUMN "note" CASCADE;',), ""),
    ]
    told = found.operations[2].told
    assert told and told.backwards and told.before and told.before.name == "note"
    assert told.after is None
    described = describe([(second, True)])[0]
    assert [o.description for o in described.operations] == [
        o.description for o in found.operations
    ]


def test_an_acknowledgement_is_the_migrations_own(connection: BaseDatabaseWrapper) -> None:
    first = migration("0001_initial", *FIRST)
    known: Any = first
    known.safe_migrate_acknowledge = {"SM-H101": "Small.", "SM-H102": None}
    [found] = planned(connection, first)
    assert found.acknowledged == (("SM-H101", "Small."), ("SM-H102", ""))


def test_a_line_of_the_shop_is_where_its_operation_stands() -> None:
    from importlib import import_module

    from safe_migrate.plan import source
    from tests.projects import ROOT

    first = import_module("orders.migrations.0001_initial").Migration("0001_initial", "orders")
    lines = source.lines(first)
    place = source.place(first, lines[0])
    name, _, line = place.partition(":")
    assert len(lines) == len(first.operations)
    text = (ROOT / "apps" / name).read_text().splitlines()[int(line) - 1]
    assert text.strip().startswith(f"migrations.{type(first.operations[0]).__name__}(")
    assert source.place(first, None) == "orders/migrations/0001_initial.py"
