"""A plan as hazards look at it: statement by statement, with the database carried on. Pure."""

from safe_migrate.facts import PlannedMigration, PlannedOperation
from safe_migrate.facts.danger import Operation
from safe_migrate.facts.database import Database, Table
from safe_migrate.facts.statement import Kind
from safe_migrate.plan.situations import named, situations

BOOK = Table(name='"public"."book"', rows=10**6, bytes=10**8)
DATABASE = Database(major=18, tables={BOOK.name: BOOK})


def planned(*statements: str, kind: str = "RunSQL", **more: object) -> PlannedOperation:
    told = Operation(kind=kind, app="shelf", migration="0002_x", number=0, atomic=True)
    return PlannedOperation(description=kind, statements=statements, told=told, **more)  # type: ignore[arg-type]


def migration(*operations: PlannedOperation, atomic: bool = True) -> PlannedMigration:
    return PlannedMigration(
        app="shelf", name="0002_x", backwards=False, atomic=atomic, operations=operations
    )


def test_statements_meet_the_database_that_those_before_leave() -> None:
    plan = (
        migration(
            planned('CREATE TABLE "t" ("a" integer)'), planned('ALTER TABLE "t" ADD "b" int')
        ),
        migration(planned('DROP TABLE "t"', 'ALTER TABLE "book" RENAME TO "tome"')),
        migration(planned('CREATE INDEX "i" ON "tome" ("a")')),
    )
    met = list(situations(plan, DATABASE))
    assert [(m.migration, m.operation, m.statement) for m in met] == [
        (0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 0, 1), (2, 0, 0),
    ]  # fmt: skip
    tables = [met.situation.database for met in met]
    assert tables[0].table('"t"') is None
    altered = tables[1].table('"t"')
    assert altered and altered.new and list(altered.columns) == ["a"]
    dropped = tables[2].table('"t"')
    assert dropped and list(dropped.columns) == ["a", "b"]
    assert tables[3].table('"t"') is None
    moved = tables[4].table('"tome"')
    assert moved and not moved.new and moved.rows == BOOK.rows


def test_earlier_statements_of_the_same_transaction_are_known() -> None:
    two = (planned("UPDATE book SET a = 1"), planned("ALTER TABLE book ADD b int", "SELECT 1"))
    kinds = [
        [earlier.kind for earlier in met.situation.earlier]
        for met in situations((migration(*two), migration(*two, atomic=False)), DATABASE)
    ]
    assert kinds == [[], [Kind.UPDATE], [Kind.UPDATE, Kind.ALTER_TABLE], [], [], []]


def test_what_django_defers_comes_last_and_keeps_its_place() -> None:
    plan = migration(
        planned('CREATE TABLE "t" ("a" integer)', 'CREATE INDEX "i" ON "t" ("a")', deferred=1),
        planned('ALTER TABLE "t" ADD "b" int'),
    )
    met = list(situations((plan,), DATABASE))
    assert [(m.operation, m.statement, m.situation.statement.deferred) for m in met] == [
        (0, 0, False), (1, 0, False), (0, 1, True),
    ]  # fmt: skip


def test_several_statements_in_one_string_have_one_place() -> None:
    plan = migration(planned('ALTER TABLE "book" ADD "a" int; SET CONSTRAINTS "fk" IMMEDIATE'))
    assert [met.statement for met in situations((plan,), DATABASE)] == [0, 0]


def test_an_operation_without_sql_is_looked_at_too() -> None:
    plan = migration(
        planned(kind="RunPython", opaque="runs Python code"),
        planned(kind="AlterField"),
        PlannedOperation(description="the state's half of another"),
    )
    met = list(situations((plan,), DATABASE))
    assert [(m.operation, m.statement, m.situation.statement.kind) for m in met] == [
        (0, None, Kind.CODE), (1, None, Kind.NOTHING),
    ]  # fmt: skip
    assert met[1].situation.earlier[0].kind is Kind.CODE


def test_it_is_known_whose_rows_the_plan_changes_before() -> None:
    plan = (
        migration(planned('UPDATE "book" SET "a" = 1'), planned("SELECT 1")),
        migration(planned(kind="RunPython", opaque="runs Python code"), planned("SELECT 1")),
    )
    assert [met.rows_changed for met in situations(plan, DATABASE)] == [
        frozenset(),
        frozenset({BOOK.name}),
        frozenset({BOOK.name}),
        None,
    ]


def test_all_that_a_plan_names() -> None:
    plan = migration(planned('DROP INDEX "i"'), planned('INSERT INTO "s"."t" SELECT * FROM u'))
    assert named((plan,)) == {'"i"', '"s"."t"', '"u"'}
