"""settings.SEEDING: typed, checked, and told what is wrong with it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from safe_migrate.policy import Environment
from seeding import checks, conf
from seeding.conf import Profile


def test_everything_has_a_default() -> None:
    with override_settings(SEEDING={}):
        found = conf.read()
    assert found == conf.Conf(
        profiles={}, random_seed=0, clock=datetime(2026, 1, 1, tzinfo=UTC), reference=()
    )


def test_what_is_given() -> None:
    given = {
        "PROFILES": {"staging": {"scale": 2, "scales": {"orders": 0.5}, "seeds": ["orders"]}},
        "RANDOM_SEED": 7,
        "CLOCK": "2025-06-01T12:00:00+02:00",
        "REFERENCE": ["reference/catalog"],
    }
    with override_settings(SEEDING=given):
        found = conf.read()
    assert found.profiles[Environment.STAGING] == Profile(
        scale=2, scales={"orders": 0.5}, seeds=("orders",)
    )
    assert (found.random_seed, found.reference) == (7, ("reference/catalog",))
    assert found.clock == datetime(2025, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "settings.SEEDING must be a dictionary."),
        (
            {"PROFILE": {}},
            "SEEDING has an unknown key 'PROFILE'. Did you mean 'PROFILES'?",
        ),
        (
            {"PROFILES": {"stagin": {}}},
            "SEEDING['PROFILES'] has an unknown key 'stagin'. Did you mean 'staging'?",
        ),
        (
            {"PROFILES": {"qa": {}}},
            "SEEDING['PROFILES'] has an unknown key 'qa'. "
            "Known are: development, production, staging, test.",
        ),
        ({"PROFILES": []}, "SEEDING['PROFILES'] must be a dictionary."),
        (
            {"PROFILES": {"test": {"sclae": 1}}},
            "SEEDING['PROFILES']['test'] has an unknown key 'sclae'. Did you mean 'scale'?",
        ),
        (
            {"PROFILES": {"test": {"scale": 0}}},
            "SEEDING['PROFILES']['test']['scale'] is 0: it must be a number above 0.",
        ),
        (
            {"PROFILES": {"test": {"scale": True}}},
            "SEEDING['PROFILES']['test']['scale'] is True: it must be a number above 0.",
        ),
        (
            {"PROFILES": {"test": {"scales": {"orders": "2"}}}},
            "SEEDING['PROFILES']['test']['scales']['orders'] is '2': it must be a number above 0.",
        ),
        (
            {"PROFILES": {"test": {"seeds": "orders"}}},
            "SEEDING['PROFILES']['test']['seeds'] is 'orders': it must be a list of strings.",
        ),
        ({"RANDOM_SEED": "1"}, "SEEDING['RANDOM_SEED'] is '1': it must be a whole number."),
        (
            {"CLOCK": "noon"},
            "SEEDING['CLOCK'] is 'noon': it must be a moment such as '2026-01-01T00:00:00Z'.",
        ),
        ({"REFERENCE": "a"}, "SEEDING['REFERENCE'] is 'a': it must be a list of strings."),
    ],
)
def test_what_is_wrong_is_named(given: Any, said: str) -> None:
    with override_settings(SEEDING=given), pytest.raises(ImproperlyConfigured) as caught:
        conf.read()
    assert str(caught.value) == said


def test_a_seed_has_its_own_scale_else_its_apps_else_the_profiles() -> None:
    profile = Profile(scale=3, scales={"orders": 2, "orders.lines": 1})
    scales = [profile.scale_of(name) for name in ("orders.lines", "orders.orders", "users.users")]
    assert scales == [1, 2, 3]


def test_a_profile_chooses_by_app_or_by_seed() -> None:
    profile = Profile(seeds=("orders", "users.staff"))
    names = ("orders.orders", "users.staff", "users.customers")
    assert [profile.chooses(name) for name in names] == [True, True, False]
    assert Profile().chooses("anything.at_all")


def test_the_system_check_reports_a_mistake() -> None:
    with override_settings(SEEDING={"CLOCK": ""}):
        assert [message.id for message in checks.check_settings()] == ["seeding.E001"]


def test_the_system_check_reports_a_profile_that_is_never_used() -> None:
    with override_settings(SEEDING={"PROFILES": {"production": {}}}):
        assert [message.id for message in checks.check_settings()] == ["seeding.W001"]
    with override_settings(SEEDING={"PROFILES": {"staging": {}}}):
        assert checks.check_settings() == []
