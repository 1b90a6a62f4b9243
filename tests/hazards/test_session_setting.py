"""Settings that outlive the migration, or take the place of the timeouts."""

import pytest

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards.session_setting import HAZARD
from tests.hazards.situations import dangers

CATALOGUE = ()


@pytest.mark.parametrize(
    ("sql", "effect", "what", "instead"),
    [
        (
            "SET search_path TO other, public",
            Effect.UNKNOWN,
            "SET search_path = other, public stays in force for all migrations that run after this"
            " one in the same session",
            "SET LOCAL search_path: it ends with the migration's transaction.",
        ),
        (
            "RESET ALL",
            Effect.UNKNOWN,
            "RESET ALL stays in force for all migrations that run after this one in the same"
            " session",
            "Leave it out.",
        ),
        (
            "SET LOCAL lock_timeout = 0",
            Effect.QUEUE,
            "SET LOCAL lock_timeout = 0 in the place of the timeout that safe_migrate has set: a"
            " lock is then waited for as long as that, and whoever comes later waits as well",
            "Leave it out: safe_migrate sets its timeouts from the policy's budget.",
        ),
    ],
)
def test_whole_texts(sql: str, effect: Effect, what: str, instead: str) -> None:
    [found] = dangers(HAZARD, sql)
    assert (found.effect, found.what, found.instead) == (effect, what, (instead,))


@pytest.mark.parametrize(
    "sql",
    [
        "SET LOCAL search_path TO other",
        "SET LOCAL work_mem = '64MB'",
        "SET session_replication_role = replica",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET TRANSACTION READ ONLY",
    ],
)
def test_harmless_or_told_elsewhere(sql: str) -> None:
    assert dangers(HAZARD, sql) == []
