"""Sample people are nobody, and staff has no password that is written anywhere."""

import re

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.hashers import check_password

from accounts.factories import CUSTOMER_PASSWORD, UserFactory, customer_password
from orders.factories import OrderLineFactory
from seeding import discover
from seeding.seed import declare
from tests.projects import ROOT

TEXTS = [
    path
    for folder in ("apps/accounts", "apps/catalog", "apps/orders", "fixtures")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".json"}
]


def test_a_password_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    customer_password.cache_clear()
    hashed: list[str] = []
    real = hashers.get_hasher

    def counted(algorithm: str = "default") -> object:
        hashed.append(algorithm)
        return real(algorithm)

    monkeypatch.setattr(hashers, "get_hasher", counted)
    users = UserFactory.build_batch(50)
    assert len(hashed) == 1
    assert check_password(CUSTOMER_PASSWORD, users[0].password)
    customer_password.cache_clear()


def test_staff_cannot_log_in_before_somebody_gives_them_a_password() -> None:
    admin = UserFactory.build(staff=True)
    assert admin.is_staff and not admin.has_usable_password()


def test_a_line_makes_all_that_it_needs() -> None:
    line = OrderLineFactory.build()
    assert line.order.customer.email.endswith("@example.com")
    assert line.unit_price == line.product.price


def test_every_address_is_one_of_nobody() -> None:
    texts = [path.read_text() for path in TEXTS]
    found = {domain for text in texts for domain in re.findall(r"[\w.{}]+@([\w.]+\w)", text)}
    assert found == {"example.com"}


def test_staging_gets_more_than_a_hundred_thousand_rows() -> None:
    seeds = [declare(name, found, 1) for name, found in discover.find().items()]
    rows = 0.0
    for seed in seeds:
        for bulk in seed.bulks:
            if bulk.per:
                per = bulk.per[1]
                parents = next(one for one in seed.bulks if one.rows is per.rows)
                rows += (parents.count or 0) * (per.minimum + per.maximum) / 2
            rows += bulk.count or 0
    assert rows == 5_000 + 2_000 + 25_000 + 75_000
