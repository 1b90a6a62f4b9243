"""The rules of retention on plain values: small cases by hand, and many histories at random."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from safe_migrate.backups import retention
from safe_migrate.backups.manifest import moment_of, new_id
from safe_migrate.backups.retention import NAMES, Rules, Stored, Verdict, decide
from safe_migrate.policy import DEFAULTS, Environment

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NONE = Rules(hourly=0, daily=0, weekly=0, monthly=0, yearly=0, minimum=0)


def backup(moment: datetime, level: str = "readable", held: str = "") -> Stored:
    return Stored(id=new_id("staging", moment), level=level, held=held)


def ago(*, level: str = "readable", held: str = "", **time: float) -> Stored:
    return backup(NOW - timedelta(**time), level, held)


def kept(verdicts: list[Verdict]) -> dict[str, tuple[str, ...]]:
    return {verdict.id: verdict.because for verdict in verdicts if not verdict.delete}


def only(backups: list[Stored], rules: Rules = NONE) -> dict[str, tuple[str, ...]]:
    return kept(decide(backups, rules, NOW))


def test_no_rule_at_all_still_keeps_the_newest() -> None:
    first, second = ago(days=400), ago(days=300)
    assert decide([first, second], NONE, NOW) == [
        Verdict(id=second.id, delete=False, because=("newest",)),
        Verdict(id=first.id, delete=True, because=("no rule keeps it",)),
    ]


def test_the_newest_of_each_period_stays_and_says_for_which() -> None:
    morning, evening = (backup(datetime(2026, 11, 21, hour, tzinfo=UTC)) for hour in (8, 20))
    earlier = backup(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    found = only([morning, evening, earlier], replace(NONE, daily=2, weekly=1, monthly=2, yearly=1))
    assert found == {
        evening.id: (
            "newest",
            "daily 2026-11-21",
            "weekly 2026-W47",
            "monthly 2026-11",
            "yearly 2026",
        ),
        earlier.id: ("daily 2026-10-31", "monthly 2026-10"),
    }


def test_a_week_belongs_to_the_year_that_iso_8601_gives_it() -> None:
    new_year = backup(datetime(2027, 1, 1, tzinfo=UTC))
    verdicts = decide([new_year], replace(NONE, weekly=1), datetime(2027, 1, 2, tzinfo=UTC))
    assert verdicts[0].because == ("newest", "weekly 2026-W53")


def test_days_without_a_backup_take_no_place() -> None:
    days = [ago(days=days) for days in (0, 100, 200, 300)]
    assert list(only(days, replace(NONE, daily=3))) == [entry.id for entry in days[:3]]


def test_hours_are_counted_one_by_one() -> None:
    quarters = [ago(minutes=15 * n) for n in range(12)]
    assert list(only(quarters, replace(NONE, hourly=2))) == [quarters[0].id, quarters[1].id]


def test_a_minimum_stays_whatever_its_age() -> None:
    old = [ago(days=3000 + n) for n in range(5)]
    assert list(only(old, replace(NONE, minimum=3))) == [entry.id for entry in old[:3]]


def test_what_is_held_stays_and_its_reason_comes_first() -> None:
    pinned = ago(days=90, held="pinned: before the sale")
    assert only([pinned, ago(days=1)])[pinned.id] == ("pinned: before the sale",)
    assert only([pinned], replace(NONE, daily=1))[pinned.id][:2] == (
        "pinned: before the sale",
        "newest",
    )


def test_bad_backups_do_not_push_out_good_ones() -> None:
    """A count over all files keeps seven empty dumps and deletes the last good one."""
    good = ago(days=30)
    bad = [ago(days=days, level="") for days in range(7)]
    found = only([good, *bad], replace(NONE, daily=7, minimum=3))
    assert found[good.id] == ("newest", f"daily {moment_of(good.id):%Y-%m-%d}", "minimum")


@pytest.mark.parametrize(
    ("age", "because", "delete"),
    [
        ({"days": 2}, "not verified, and {} is newer", True),
        ({"hours": 23}, "not verified, and younger than 24 h", False),
        ({"hours": 1}, "not verified, and no newer one is", False),
    ],
)
def test_an_unverified_one_goes_when_a_newer_good_one_has_come(
    age: dict[str, float], because: str, delete: bool
) -> None:
    good = ago(hours=2)
    doubtful = ago(level="", **age)
    [verdict] = [v for v in decide([good, doubtful], NONE, NOW) if v.id == doubtful.id]
    expected = Verdict(id=doubtful.id, delete=delete, because=(because.format(good.id),))
    assert verdict == expected


def test_nothing_goes_while_nothing_is_verified() -> None:
    doubtful = [ago(days=days, level="") for days in (1, 50, 500)]
    assert len(only(doubtful)) == 3


def test_a_clock_that_ran_ahead_deletes_nothing_and_counts_for_nothing() -> None:
    ahead = [ago(days=-days) for days in (1, 2, 400)]
    good, older = ago(hours=1), ago(days=1)
    found = only([*ahead, good, older], replace(NONE, minimum=1))
    assert {entry.id for entry in (*ahead, good)} == set(found)
    assert {found[entry.id] for entry in ahead} == {("dated in the future",)}
    assert found[good.id] == ("newest", "minimum")


def test_clocks_may_differ_a_little() -> None:
    new, old = ago(minutes=-4), ago(minutes=5)
    assert only([new, old]) == {new.id: ("newest",)}


@pytest.mark.parametrize("environment", list(Environment))
def test_the_policy_has_rules_that_the_caller_may_replace(environment: Environment) -> None:
    policy = DEFAULTS[environment]
    rules = retention.rules_of(policy, daily=0, weekly=None)
    assert (rules.daily, rules.weekly) == (0, policy.keep_weekly)
    assert rules.minimum == policy.keep_minimum >= 2


def history(rng: random.Random) -> list[Stored]:
    """Backups as they come about: bursts and gaps, some unverified, pinned or from the future."""
    moment = NOW + timedelta(minutes=rng.choice((-5, -1, 0, 3, 6, 60_000)))
    found = []
    for _ in range(rng.randrange(40)):
        level = rng.choice(("", "stored", "readable", "restored", "readable"))
        found.append(backup(moment, level, "pinned: why" if rng.random() < 0.15 else ""))
        step = rng.choice((1, 20, 60, 600, 1440, 10_080, 50_000, 400_000))
        moment -= timedelta(minutes=rng.random() * step + 0.01)
    rng.shuffle(found)
    return found


def some_rules(rng: random.Random) -> Rules:
    return Rules(**{name: rng.choice((0, 0, 1, 2, 3, 7, 100)) for name in NAMES})


@pytest.mark.parametrize("seed", range(200))
def test_what_holds_for_any_history_and_any_rules(seed: int) -> None:
    rng = random.Random(seed)
    backups, rules = history(rng), some_rules(rng)
    verdicts = decide(backups, rules, NOW)
    deleted = {verdict.id for verdict in verdicts if verdict.delete}

    assert sorted(v.id for v in verdicts) == sorted(b.id for b in backups), "each is judged once"
    assert all(verdict.because for verdict in verdicts)
    assert verdicts == decide(sorted(backups, key=lambda b: b.id), rules, NOW), "order matters not"

    good = [b for b in backups if b.level and not retention.in_future(b.id, NOW)]
    newest = sorted(good, key=lambda b: moment_of(b.id), reverse=True)
    assert deleted.isdisjoint(b.id for b in newest[: max(1, int(rules.minimum))])
    assert deleted.isdisjoint(b.id for b in backups if b.held)
    assert deleted.isdisjoint(b.id for b in backups if retention.in_future(b.id, NOW))

    remaining = [b for b in backups if b.id not in deleted]
    again = decide(remaining, rules, NOW)
    assert [v.id for v in again if v.delete] == [], "what remains stays"

    larger = replace(rules, **{name: getattr(rules, name) + rng.randrange(3) for name in NAMES})
    fewer = {verdict.id for verdict in decide(backups, larger, NOW) if verdict.delete}
    assert fewer <= deleted, "larger rules delete no more"

    bad = [backup(NOW - timedelta(minutes=n, seconds=1), level="") for n in range(5)]
    with_bad = {v.id for v in decide([*backups, *bad], rules, NOW) if v.delete}
    assert with_bad == deleted, "unverified ones change nothing for the others"


def test_names_are_sorted_by_whose_they_are_and_the_manifest_goes_last() -> None:
    own, other = new_id("staging", NOW), new_id("production", NOW)
    names = [f"{own}.manifest.json", f"{own}.verified.json", f"{own}.dump.zst", f"{own}.pin.json"]
    strangers = [f"{other}.dump", "notes.txt", f"{own}_x7.dump", f"x{own}.dump", f".partial-{own}"]
    assert retention.by_identifier([*names, *strangers], "staging") == {
        own: [
            f"{own}.dump.zst",
            f"{own}.pin.json",
            f"{own}.verified.json",
            f"{own}.manifest.json",
        ]
    }


@pytest.mark.parametrize(
    ("hours", "manifest", "held", "delete", "because"),
    [
        (25, False, "", True, "not a complete backup"),
        (23, False, "", False, "younger than 24 h"),
        (-9000, False, "", False, "younger than 24 h"),
        (9000, True, "", False, "damaged or of another version: look at it"),
        (9000, False, "pinned: why", False, "pinned: why"),
    ],
)
def test_debris_goes_when_no_upload_can_be_under_way(
    hours: float, manifest: bool, held: str, delete: bool, because: str
) -> None:
    identifier = ago(hours=hours).id
    found = retention.debris(identifier, manifest=manifest, held=held, now=NOW)
    assert found == Verdict(id=identifier, delete=delete, because=(because,))
