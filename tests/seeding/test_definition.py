"""The hash of a seed changes when its rows would, and not when only its looks do."""

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seeding import conf
from seeding.definition import digest
from seeding.normal import normalised
from seeding.seed import declare
from seeding.source import constant

CONF = conf.Conf(profiles={}, random_seed=1, clock=datetime(2026, 1, 1, tzinfo=UTC), reference=())
MODULE = '''
import factory
from accounts.models import User
from seeding.api import sample

CITIES = ("Oslo", "Bergen")
UNRELATED = 1
COUNT = 10


def mail(n):
    """An address."""
    return f"user{n:03}@{DOMAIN}"


DOMAIN = "example.com"


class BaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    display_name = "somebody"


class UserFactory(BaseFactory):
    """A user."""

    class Meta:
        model = User

    email = factory.Sequence(mail)
    full_name = factory.Iterator(CITIES)  # a city


class OtherFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User


@sample()
def users(s):
    """Users."""
    s.bulk(UserFactory, COUNT, is_active=True)
'''


@pytest.fixture
def hash_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    monkeypatch.syspath_prepend(str(tmp_path))
    number = 0

    def make(old: str = "", new: str = "", given: conf.Conf = CONF) -> str:
        nonlocal number
        number += 1
        text = MODULE.replace(old, new) if old else MODULE
        assert not old or text != MODULE
        # Always the same module name, so that only its text can make a difference.
        sys.modules.pop("seeds_under_test", None)
        importlib.invalidate_caches()
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "seeds_under_test.py").write_text(text)
        monkeypatch.syspath_prepend(str(folder))
        module = importlib.import_module("seeds_under_test")
        return digest(declare("shop.users", module.users, 1), given)

    yield make
    sys.modules.pop("seeds_under_test", None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("COUNT = 10", "COUNT = 11"),
        ('"Oslo"', '"Trondheim"'),
        ('DOMAIN = "example.com"', 'DOMAIN = "example.org"'),
        ("{n:03}", "{n:04}"),
        ("is_active=True", "is_active=False"),
        ('display_name = "somebody"', 'display_name = "nobody"'),
        ("s.bulk(UserFactory", "s.number_from(UserFactory, 5); s.bulk(UserFactory"),
    ],
)
def test_changes_with(hash_of: Callable[..., str], old: str, new: str) -> None:
    assert hash_of() != hash_of(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A user."""', '"""Somebody."""'),
        ("# a city", "# or a town"),
        ("UNRELATED = 1", "UNRELATED = 2"),
        ("class OtherFactory", "class AnotherFactory"),
        ('("Oslo", "Bergen")', '(\n    "Oslo",\n    "Bergen",\n)'),
        ('"""Users."""', '"""All of them."""'),
    ],
)
def test_does_not_change_with(hash_of: Callable[..., str], old: str, new: str) -> None:
    assert hash_of() == hash_of(old, new)


def test_changes_with_number_and_clock(hash_of: Callable[..., str]) -> None:
    later = replace(CONF, clock=datetime(2027, 1, 1, tzinfo=UTC))
    hashes = {hash_of(), hash_of(given=replace(CONF, random_seed=2)), hash_of(given=later)}
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f():\n    return 1  # one\n", "def f():\n    return  1\n"),
        ('def f():\n    """Says."""\n    return 1\n', "def f():\n    return 1\n"),
        ("    def f():\n        return 1\n", "def f():\n    return 1\n"),
        ("x = (1,\n     2)\n", "x = (1, 2)\n"),
    ],
)
def test_layout_does_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a b'\n", "x = 'ab'\n"),
        ("x = f'{a} b'\n", "x = f'{a}b'\n"),
        ("if a:\n    b()\nc()\n", "if a:\n    b()\n    c()\n"),
        ("return x\n", "returnx\n"),
    ],
)
def test_meaning_counts(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_the_text_is_the_same_under_every_python() -> None:
    """As written down here: f-strings are cut up differently from version to version."""
    source = "def f(n):\n    return f\"{n!r:>{width}} of {total + 1} {{}}\" + rf'{x}'\n"
    assert normalised(source) == (
        "def f(n):\n\x01return f\"{n!r:>{width}} of {total + 1} {{}}\"+rf'{x}'\n\x02"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b", "a"}, "['a', 'b']"),
        ({"a": (1, None)}, "[['a', [1, None]]]"),
        ([object()], None),
        (None, None),
        (len, None),
    ],
)
def test_constants(value: object, text: str | None) -> None:
    assert constant(value) == text
