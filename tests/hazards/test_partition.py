"""Partitions made, attached and detached."""

import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase
from safe_migrate.facts.database import ExistingConstraint
from safe_migrate.facts.statement import ConstraintKind
from safe_migrate.hazards.partition import HAZARD
from tests.hazards.situations import ORDER, dangers, new, table
from tests.hazards.situations import database as shop
from tests.servers import Server

CATALOGUE = ()
LOG = table("log", rows=9_000_000, partitions=3)
OLD = table("log_old", rows=2_000_000)


def found(sql: str, **more: object) -> list[Danger]:
    return dangers(HAZARD, sql, shop(LOG, OLD), **more)


def test_made_in_place() -> None:
    [danger] = found("CREATE TABLE log_9 PARTITION OF log FOR VALUES IN (9)")
    assert (danger.effect, danger.table, danger.lock) == (
        Effect.QUEUE,
        '"public"."log"',
        Lock.ACCESS_EXCLUSIVE,
    )
    assert danger.what == (
        'CREATE TABLE … PARTITION OF needs ACCESS EXCLUSIVE on "log", and reads a default'
        " partition to its end where there is one: reads and writes of all partitions wait"
    )
    assert danger.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        '    migrations.RunSQL(\'CREATE TABLE "log_9" (LIKE "log" INCLUDING DEFAULTS INCLUDING'
        " CONSTRAINTS)'),\n"
        '    migrations.RunSQL(\'ALTER TABLE "log" ATTACH PARTITION "log_9" FOR VALUES …\'),\n'
        "]"
    )


def test_attached() -> None:
    [danger] = found("ALTER TABLE log ATTACH PARTITION log_old FOR VALUES IN (1)")
    assert (danger.effect, danger.table, danger.held_ms) == (
        Effect.SCAN,
        '"public"."log_old"',
        120.0,
    )
    assert danger.what == (
        'Every row of "log_old" (2 M rows) is read under ACCESS EXCLUSIVE before it becomes a'
        ' partition of "log": reads and writes of it wait about 120 ms, and those of a default'
        " partition as long as that is read"
    )
    assert danger.instead == (
        "Give it a CHECK named bounds that says what the partition's bounds say, NOT VALID, and"
        " validate that: ATTACH then reads nothing.",
    )


@pytest.mark.parametrize(("name", "validated"), [("bounds", True), ("bounds", False), ("x", True)])
def test_a_check_that_says_what_the_bounds_say(name: str, validated: bool) -> None:
    check = ExistingConstraint(
        name=name, kind=ConstraintKind.CHECK, columns=("k",), validated=validated
    )
    proved = table("log_old", constraints=(check,))
    sql = "ALTER TABLE log ATTACH PARTITION log_old FOR VALUES IN (1)"
    assert (dangers(HAZARD, sql, shop(LOG, proved)) == []) is (name == "bounds" and validated)


def test_detached() -> None:
    [danger] = found("ALTER TABLE log DETACH PARTITION log_old")
    assert (danger.effect, danger.phase, danger.lock) == (
        Effect.BREAKS_OLD_CODE,
        Phase.CONTRACT,
        Lock.ACCESS_EXCLUSIVE,
    )
    assert danger.what == (
        'The rows of "log_old" are no rows of "log" any more: code that asks for them finds none'
    )
    assert danger.code_instead == (
        "atomic = False\n"
        "operations = [\n"
        '    migrations.RunSQL(\'ALTER TABLE "log" DETACH PARTITION "log_old" CONCURRENTLY\'),\n'
        "]"
    )


def test_detached_concurrently() -> None:
    [danger] = found("ALTER TABLE log DETACH PARTITION log_old CONCURRENTLY")
    assert (danger.lock, danger.code_instead) == (Lock.SHARE_UPDATE_EXCLUSIVE, "")


def test_a_validated_check_saves_the_scan(server: Server, database: str) -> None:
    """What `instead` says: PostgreSQL tells at DEBUG1 that it need not read."""
    said: list[str] = []
    with server.connect(database) as session:
        session.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        session.execute("CREATE TABLE log (k int NOT NULL) PARTITION BY LIST (k)")
        session.execute("CREATE TABLE log_old (k int NOT NULL)")
        session.execute("ALTER TABLE log_old ADD CONSTRAINT bounds CHECK (k = 1) NOT VALID")
        session.execute("ALTER TABLE log_old VALIDATE CONSTRAINT bounds")
        session.execute("SET client_min_messages = debug1")
        session.execute("ALTER TABLE log ATTACH PARTITION log_old FOR VALUES IN (1)")
    assert [text for text in said if "implied by existing constraints" in text]


def test_tables_of_this_plan() -> None:
    where = shop(new(LOG), new(OLD))
    for sql in (
        "CREATE TABLE log_9 PARTITION OF log DEFAULT",
        "ALTER TABLE log ATTACH PARTITION log_old DEFAULT",
        "ALTER TABLE log DETACH PARTITION log_old",
    ):
        assert dangers(HAZARD, sql, where) == []
    assert dangers(HAZARD, "CREATE TABLE t (id int)") == []
    assert dangers(HAZARD, "ALTER TABLE orders_order ADD z int", shop(ORDER)) == []
