"""While seeding it is always the same moment; afterwards it is not."""

import uuid
from datetime import UTC, date, datetime, time
from random import Random
from typing import Any

import faker
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps
from django.utils import timezone

from accounts.models import User
from catalog.models import Product
from seeding.load.clock import pinned, value_at

CLOCK = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


def test_automatic_times_and_defaults_are_the_clock_and_then_again_are_not() -> None:
    updated = Product._meta.get_field("updated_at")
    with pinned(CLOCK, Random(1)):
        assert User().date_joined == CLOCK
        assert timezone.now() == CLOCK
        product = Product()
        assert updated.pre_save(product, False) == CLOCK
        assert product.updated_at == CLOCK
    assert User().date_joined != CLOCK
    assert timezone.now() != CLOCK
    assert updated.pre_save(Product(), False) != CLOCK
    assert "pre_save" not in updated.__dict__
    assert ContentType().pk is None


def test_dates_of_faker_are_as_of_the_clock() -> None:
    fake = faker.Faker()

    def dates() -> list[Any]:
        fake.seed_instance(1)
        return [
            fake.date_time_this_year(),
            fake.date_of_birth(),
            fake.past_date(),
            fake.date_between("-1y", "today"),
            fake.date_time_between("-1y", "now", tzinfo=UTC),
            fake.future_datetime(),
        ]

    with pinned(CLOCK, Random(1)):
        first = dates()
        assert all(type(value) in (date, datetime) for value in first)
        assert date(2025, 1, 1) <= first[3] <= CLOCK.date()
    with pinned(CLOCK.replace(year=2030), Random(1)):
        assert dates() != first
    with pinned(CLOCK, Random(1)):
        assert dates() == first


@isolate_apps("catalog")
def test_every_kind_of_field() -> None:
    moment, day, hour = models.DateTimeField(), models.DateField(), models.TimeField()
    assert value_at(moment, CLOCK) == CLOCK
    assert value_at(day, CLOCK) == date(2026, 1, 1)
    assert value_at(hour, CLOCK) == time(12, 30)
    with override_settings(USE_TZ=False):
        assert value_at(moment, CLOCK) == datetime(2026, 1, 1, 12, 30)


def test_unique_identifiers_come_from_the_stream() -> None:
    field = User._meta.get_field("full_name")
    field.default, kept = uuid.uuid4, field.default
    field.__dict__.pop("_get_default", None)
    try:
        with pinned(CLOCK, Random(1)):
            one = field.get_default()
        with pinned(CLOCK, Random(1)):
            assert field.get_default() == one
        assert isinstance(one, uuid.UUID) and one.version == 4
        assert field.get_default() != one
    finally:
        field.default = kept
        field.__dict__.pop("_get_default", None)
