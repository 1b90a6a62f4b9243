"""Values that a new type does not hold."""

from dataclasses import replace

import psycopg
import pytest

from safe_migrate.facts.danger import Danger, Effect, Lock, Phase, Situation
from safe_migrate.hazards.values_lost import HAZARD
from safe_migrate.plan.parse import statements
from tests.hazards.real import read
from tests.hazards.situations import (
    ORDER,
    answered,
    dangers,
    database,
    new,
    operation,
    questions,
)
from tests.servers import Server

CATALOGUE = (27, 28)

ALTER = 'ALTER TABLE "orders_order" ALTER COLUMN '
CUT = ALTER + '"note" TYPE varchar(10) USING "note"::varchar(10)'


def test_whole_text() -> None:
    [found] = answered(HAZARD, CUT, "17", "23", "40")
    assert (found.code, found.effect, found.lock, found.phase) == (
        "SM-H209",
        Effect.LOSES_DATA,
        Lock.ACCESS_EXCLUSIVE,
        Phase.CONTRACT,
    )
    assert (found.table, found.held_ms) == ('"public"."orders_order"', None)
    assert found.what == (
        '"note" of "orders_order" has more than 10 characters in rows 17, 23 and'
        " others: they are cut to 10, without an error"
    )
    assert found.instead == (
        "Correct the rows that do not fit, in a migration before this one.",
        "Keep new ones out by a CHECK constraint, NOT VALID at first.",
    )
    assert found.code_instead == ""


def test_nobody_was_asked() -> None:
    found = dangers(HAZARD, CUT)
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.LOSES_DATA,
            Phase.CONTRACT,
            None,
            (
                'where "note" of "orders_order" has more than 10 characters, they are cut to'
                " 10, without an error"
            ),
        ),
    ]


def test_too_long_without_a_cast() -> None:
    found = answered(HAZARD, ALTER + '"number" TYPE varchar(10)', "17")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.CONTRACT,
            None,
            (
                '"number" of "orders_order" has more than 10 characters in row 17: the'
                " migration fails"
            ),
        ),
    ]


def test_no_number() -> None:
    found = answered(HAZARD, ALTER + '"note" TYPE integer USING "note"::integer', "17", "23")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.CONTRACT,
            None,
            ('"note" of "orders_order" has what is no int in rows 17 and 23: the migration fails'),
        ),
    ]


def test_smaller_integers() -> None:
    found = answered(HAZARD, ALTER + '"customer_id" TYPE integer', "17")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.CONTRACT,
            None,
            (
                '"customer_id" of "orders_order" has what no integer holds in row 17: the'
                " migration fails"
            ),
        ),
    ]


def test_time_of_day() -> None:
    found = answered(HAZARD, ALTER + '"placed_at" TYPE date USING "placed_at"::date', "17")
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.LOSES_DATA,
            Phase.CONTRACT,
            None,
            (
                '"placed_at" of "orders_order" has a time of day in row 17: it is lost,'
                " without an error"
            ),
        ),
    ]


def test_no_such_cast() -> None:
    found = dangers(HAZARD, ALTER + '"amount" TYPE uuid USING "amount"::uuid')
    assert [(each.effect, each.phase, each.held_ms, each.what) for each in found] == [
        (
            Effect.FAILS,
            Phase.CONTRACT,
            None,
            ('"amount" of "orders_order" cannot go from integer to uuid: there is no such cast'),
        ),
    ]


@pytest.mark.parametrize(
    "found",
    [
        answered(HAZARD, CUT),
        dangers(HAZARD, CUT, database(new(ORDER))),
        dangers(HAZARD, ALTER + '"number" TYPE varchar(40)'),
        dangers(HAZARD, ALTER + '"number" TYPE text USING "number"::text'),
        dangers(HAZARD, ALTER + '"amount" TYPE bigint USING "amount"::bigint'),
        dangers(HAZARD, ALTER + '"note" TYPE integer USING length(note)'),
        dangers(HAZARD, CUT, database(replace(ORDER, rows=0))),
    ],
)
def test_what_only_looks_like_it(found: list[Danger]) -> None:
    assert found == []


def test_the_question() -> None:
    [asked] = questions(HAZARD, CUT)
    assert (asked.code, asked.table) == ("SM-H209", '"public"."orders_order"')
    assert asked.sql == (
        'SELECT "id"::text FROM "public"."orders_order" WHERE char_length("note") > 10 LIMIT 3'
    )


ALL = """
    CREATE TABLE t (id bigint PRIMARY KEY, c {old}); INSERT INTO t VALUES (1, {fits}), (2, {bad})
"""


@pytest.mark.parametrize(
    ("old", "new", "using", "fits", "bad", "after"),
    [
        ("varchar(20)", "varchar(3)", False, "'abc   '", "'abcd'", None),
        ("varchar(20)", "varchar(3)", True, "'abc'", "'abcd'", "abc"),
        ("text", "varchar(3)", True, "'abc'", "'abcd'", "abc"),
        ("char(9)", "char(3)", True, "'abc'", "'abcd'", "abc"),
        ("integer", "varchar(3)", True, "123", "1234", "123"),
        ("numeric(10, 3)", "numeric(10, 1)", False, "1.5", "1.55", "1.6"),
        ("numeric(10, 3)", "numeric(5, 3)", False, "99.999", "100", None),
        ("numeric(5, 3)", "numeric(4, 2)", False, "99.99", "99.999", None),
        ("numeric", "numeric(4, 2)", False, "99.99", "100", None),
        ("integer", "numeric(5, 2)", True, "999", "1000", None),
        ("bigint", "integer", True, "2147483647", "2147483648", None),
        ("integer", "smallint", True, "-32768", "-32769", None),
        ("double precision", "integer", True, "2", "2.25", "2"),
        ("numeric", "bigint", True, "7", "7.9", "8"),
        ("timestamptz", "date", True, "'2026-01-01'", "'2026-01-01 10:00'", "2026-01-01"),
        ("timestamp", "timestamp(0)", False, "'2026-01-01 10:00:01'", "'2026-01-01 10:00:01.4'",
         "2026-01-01 10:00:01"),
        ("text", "date", True, "'2026-01-01'", "'soon'", None),
        ("text", "uuid", True, "'5f0c1a5e-0000-4000-8000-000000000000'", "'5f'", None),
        ("varchar(9)", "jsonb", True, "'{}'", "'{'", None),
        ("text", "integer", True, "' 7 '", "'7.5'", None),
    ],
)  # fmt: skip
def test_what_it_says_is_what_postgresql_does(
    server: Server, database: str, old: str, new: str, using: bool, fits: str, bad: str,
    after: str | None,
) -> None:  # fmt: skip
    """The row that does not fit is found, the other is not, and what becomes of it is told."""
    sql = f"ALTER TABLE t ALTER COLUMN c TYPE {new}" + (f" USING c::{new}" if using else "")
    with server.connect(database) as session:
        session.autocommit = True
        session.execute(ALL.format(old=old, fits=fits, bad=bad).encode())
        given = Situation(
            statement=statements(sql)[0], operation=operation(), database=read(session)
        )
        answers = tuple(
            (asked, tuple(key for (key,) in session.execute(asked.sql.encode()).fetchall()))
            for asked in HAZARD.ask(given)
        )
        assert {key for _, keys in answers for key in keys} == {"2"}
        found = list(HAZARD.find(replace(given, answers=answers)))
        effects = {each.effect for each in found}
        if after is None:
            assert Effect.FAILS in effects
            with pytest.raises(psycopg.DataError):
                session.execute(sql.encode())
        else:
            assert effects == {Effect.LOSES_DATA}
            session.execute(sql.encode())
            row = session.execute("SELECT trim(c::text) FROM t WHERE id = 2").fetchone()
            assert row == (after,)
