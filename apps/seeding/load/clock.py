"""While seeding it is always the same moment, and what is unique by chance is so by the seed.

Pinned are auto_now and auto_now_add, defaults that ask for the time or a UUID, Django's
timezone.now and the `now` of Faker's dates. Restored afterwards.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from unittest.mock import patch

import faker.providers.date_time
from django.apps import apps
from django.conf import settings
from django.db.models import DateField, DateTimeField, Field, TimeField
from django.utils import timezone

_ASKS_TIME: tuple[Any, ...] = (
    timezone.now,
    timezone.localtime,
    timezone.localdate,
    datetime.now,
    datetime.today,
    date.today,
)


@contextmanager
def pinned(clock: datetime, chance: Random) -> Iterator[None]:
    """`chance` makes the UUIDs."""
    with ExitStack() as stack:
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.local_concrete_fields:
                _pin(field, clock, chance, stack)
        stack.enter_context(patch.object(timezone, "now", lambda: _aware_or_naive(clock)))
        dates = faker.providers.date_time
        for name, kind in (("datetime", datetime), ("dtdate", date)):
            stack.enter_context(patch.object(dates, name, _stopped(kind, clock)))
        yield


def _pin(field: "Field[Any, Any]", clock: datetime, chance: Random, stack: ExitStack) -> None:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        _shadow(field, "pre_save", _stamper(field, value_at(field, clock)), stack)
    elif field.has_default() and any(field.default == asks for asks in _ASKS_TIME):
        value = value_at(field, clock)
        _shadow(field, "_get_default", lambda: value, stack)
    elif field.has_default() and getattr(field.default, "__module__", "") == "uuid":
        _shadow(
            field,
            "_get_default",
            lambda: uuid.UUID(int=chance.getrandbits(128), version=4),
            stack,
        )


def _stamper(field: "Field[Any, Any]", value: Any) -> Callable[[Any, bool], Any]:
    def pre_save(instance: Any, add: bool) -> Any:
        if getattr(field, "auto_now", False) or add:
            setattr(instance, field.attname, value)
        return getattr(instance, field.attname)

    return pre_save


def _shadow(field: Any, name: str, value: Any, stack: ExitStack) -> None:
    """An attribute of this one field, in front of its class's; Django caches defaults there."""
    before = field.__dict__.pop(name, None)
    field.__dict__[name] = value

    def restore() -> None:
        del field.__dict__[name]
        if before is not None:
            field.__dict__[name] = before

    stack.callback(restore)


def value_at(field: "Field[Any, Any]", clock: datetime) -> Any:
    """The moment as the field's type."""
    if isinstance(field, DateTimeField):
        return _aware_or_naive(clock)
    if isinstance(field, DateField):
        return clock.date()
    return clock.time() if isinstance(field, TimeField) else _aware_or_naive(clock)


def _aware_or_naive(clock: datetime) -> datetime:
    return clock if settings.USE_TZ else clock.astimezone(UTC).replace(tzinfo=None)


def _stopped(kind: type[date], clock: datetime) -> Any:
    """A stand-in for the class that makes its objects, but whose `now` is the clock."""

    class Stopped(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> date:
            return kind(*args, **kwargs)

        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, kind)

        def __getattr__(cls, name: str) -> Any:
            return getattr(kind, name)

        def now(cls, tz: Any = None) -> datetime:
            return clock.astimezone(tz) if tz else clock.astimezone(UTC).replace(tzinfo=None)

        def today(cls) -> date:
            return clock.date() if kind is date else cls.now()

    return Stopped(kind.__name__, (), {})
