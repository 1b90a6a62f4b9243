"""Publications and replica identities."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.facts.database import Dependent
from safe_migrate.hazards.replication import HAZARD
from tests.hazards.situations import ORDER, answered, dangers, new, questions
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()
KEYLESS = replace(ORDER, constraints=())


def test_whole_text(server: Server, database: str) -> None:
    sql = "CREATE PUBLICATION feed FOR TABLE orders_order, accounts_user"
    [found] = dangers(HAZARD, sql, shop(KEYLESS))
    assert (found.effect, found.table) == (Effect.BREAKS_OLD_CODE, '"public"."orders_order"')
    assert found.what == (
        '"orders_order" is published and has nothing that tells its rows apart: every UPDATE and'
        " DELETE of it fails from then on"
    )
    assert found.instead == (
        "Give it a primary key first, or a replica identity: FULL sends whole old rows, and is"
        " slow.",
    )
    assert found.code_instead == (
        "migrations.RunSQL('ALTER TABLE \"orders_order\" REPLICA IDENTITY FULL',"
        " 'ALTER TABLE \"orders_order\" REPLICA IDENTITY DEFAULT')"
    )
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order AS SELECT 1 AS id")
        session.execute("CREATE TABLE accounts_user (id int PRIMARY KEY)")
        session.execute("INSERT INTO accounts_user VALUES (1)")
        session.execute(sql.encode())
        session.execute("UPDATE accounts_user SET id = 2")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            session.execute("UPDATE orders_order SET id = 2")
        session.execute('ALTER TABLE "orders_order" REPLICA IDENTITY FULL')
        session.execute("UPDATE orders_order SET id = 2")


def test_all_tables(server: Server, database: str) -> None:
    sql = "CREATE PUBLICATION feed FOR ALL TABLES"
    [asked] = questions(HAZARD, sql)
    with server.connect(database) as session:
        session.execute('CREATE TABLE "we""ird" (); CREATE TABLE fine (id int PRIMARY KEY)')
        session.execute("CREATE TABLE whole (); ALTER TABLE whole REPLICA IDENTITY FULL")
        answer = [name for (name,) in session.execute(asked.sql.encode())]
    assert answer == ['"public"."we""ird"']
    [found] = answered(HAZARD, sql, *answer)
    assert found.what.startswith('"we""ird" is published and has nothing')
    assert answered(HAZARD, sql) == dangers(HAZARD, sql) == []


def test_the_catalog_knows_better(server: Server, database: str) -> None:
    sql = "CREATE PUBLICATION feed FOR TABLE orders_order"
    full = "ALTER TABLE orders_order REPLICA IDENTITY FULL"
    [asked] = questions(HAZARD, sql)
    with server.connect(database) as session:
        session.execute("CREATE TABLE orders_order (); CREATE TABLE other ()")
        assert session.execute(asked.sql.encode()).fetchall() == [('"public"."orders_order"',)]
        session.execute(full.encode())
        assert session.execute(asked.sql.encode()).fetchall() == []
    assert len(answered(HAZARD, sql, KEYLESS.name, where=shop(KEYLESS))) == 1
    assert answered(HAZARD, sql, where=shop(KEYLESS)) == []
    assert dangers(HAZARD, sql, shop(KEYLESS), earlier=full) == []


def test_a_table_with_a_key() -> None:
    assert dangers(HAZARD, "CREATE PUBLICATION feed FOR ALL TABLES") == []
    sql = "ALTER PUBLICATION feed ADD TABLE orders_order"
    assert dangers(HAZARD, sql) == []
    assert dangers(HAZARD, sql, shop(new(KEYLESS))) == []


def test_an_identity_taken_away() -> None:
    published = replace(ORDER, dependents=(Dependent(kind="publication", name="feed"),))
    sql = "ALTER TABLE orders_order REPLICA IDENTITY NOTHING"
    assert len(dangers(HAZARD, sql, shop(published))) == 1
    assert dangers(HAZARD, sql) == []
    assert dangers(HAZARD, sql.replace("NOTHING", "FULL"), shop(published)) == []


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "ALTER PUBLICATION feed DROP TABLE orders_order",
            'The publication feed changes for "orders_order": its subscribers miss what is written'
            " from then on, and no error tells them",
        ),
        (
            "DROP PUBLICATION feed",
            'The publication "feed" changes: its subscribers miss what is written from then on,'
            " and no error tells them",
        ),
    ],
)
def test_a_publication_that_shrinks(sql: str, what: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert found.what == what
