"""Functions that triggers of tables in use call."""

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.function_replaced import HAZARD
from tests.hazards.situations import answered, dangers, questions
from tests.servers import Server

CATALOGUE = ()
BODY = "() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"
SQL = f"CREATE OR REPLACE FUNCTION touch{BODY}"


def test_whole_text() -> None:
    [found] = answered(HAZARD, SQL, "stamp on orders_order", "stamp on accounts_user")
    assert found.effect is Effect.BREAKS_OLD_CODE
    assert found.what == (
        '"touch"() is what triggers run (stamp on orders_order, stamp on accounts_user): from the'
        " commit on every write to their tables runs the new body, that of the old code as well"
    )
    assert found.instead == (
        "Let the new body bear what the old code writes.",
        "Else make a function with another name and a trigger that calls it, and drop the old ones"
        " when the old code is gone.",
    )


def test_what_is_asked(server: Server, database: str) -> None:
    with server.connect(database) as session:
        session.execute(SQL.encode())
        session.execute("CREATE TABLE t ()")
        for sql in (SQL, SQL.replace("touch", "public.touch")):
            [asked] = questions(HAZARD, sql)
            assert session.execute(asked.sql.encode()).fetchall() == []
        session.execute("CREATE TRIGGER a BEFORE UPDATE ON t EXECUTE FUNCTION touch()")
        for sql in (SQL, SQL.replace("touch", "public.touch")):
            [asked] = questions(HAZARD, sql)
            assert session.execute(asked.sql.encode()).fetchall() == [("a on t",)]
        [asked] = questions(HAZARD, SQL.replace("touch", "other"))
        assert session.execute(asked.sql.encode()).fetchall() == []


def test_functions_that_nobody_runs_yet() -> None:
    assert answered(HAZARD, SQL) == []
    assert dangers(HAZARD, SQL) == []
    assert questions(HAZARD, f"CREATE FUNCTION touch{BODY}") == []
