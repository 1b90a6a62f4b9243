"""Which seed comes first: as needed, else as found."""

from typing import Any

import pytest

from accounts.factories import UserFactory
from accounts.models import User
from catalog.factories import CategoryFactory
from orders.factories import OrderFactory
from safe_migrate.errors import Refused
from seeding.api import sample
from seeding.order import arrange, matching
from seeding.seed import Seed, declare


def seeds(**definitions: Any) -> dict[str, Seed]:
    """'app__name' → its seed."""
    named = {name.replace("__", "."): one for name, one in definitions.items()}
    return {name: declare(name, one, 1) for name, one in named.items()}


def draws_users(s: Any) -> None:
    s.bulk(OrderFactory, 1, customer=s.pool(User))


def makes_users(s: Any) -> None:
    s.bulk(UserFactory, 1)


def makes_categories(s: Any) -> None:
    s.bulk(CategoryFactory, 1)


def names(arranged: list[Seed]) -> list[str]:
    return [seed.name for seed in arranged]


def test_without_needs_the_order_stays() -> None:
    found = seeds(b__one=sample()(makes_users), a__two=sample()(makes_categories))
    assert names(arrange(found)) == ["b.one", "a.two"]


def test_who_draws_comes_after_who_makes() -> None:
    found = seeds(
        orders__orders=sample()(draws_users),
        shop__users=sample()(makes_users),
        more__users=sample()(makes_users),
    )
    assert names(arrange(found)) == ["shop.users", "more.users", "orders.orders"]


@pytest.mark.parametrize("after", ["b", "b.two", ["b.two", "b.three"]])
def test_after_names_a_seed_or_an_app(after: Any) -> None:
    found = seeds(
        a__one=sample(after=after)(makes_categories),
        b__two=sample()(makes_categories),
        b__three=sample()(makes_categories),
    )
    arranged = names(arrange(found))
    assert arranged.index("b.two") < arranged.index("a.one")


def test_after_its_own_app_means_the_others_of_it() -> None:
    found = seeds(a__last=sample(after="a")(makes_users), a__first=sample()(makes_categories))
    assert names(arrange(found)) == ["a.first", "a.last"]


def test_after_an_unknown_seed() -> None:
    with pytest.raises(Refused) as caught:
        arrange(seeds(a__one=sample(after="b.tow")(makes_users), b__two=sample()(makes_users)))
    assert caught.value.code == "SD-220"
    assert caught.value.what == (
        "The seed a.one comes after 'b.tow', which is unknown. Did you mean 'b.two'?"
    )


def test_a_circle_is_told_with_its_reasons() -> None:
    with pytest.raises(Refused) as caught:
        arrange(
            seeds(
                a__users=sample(after="c")(makes_users),
                b__orders=sample()(draws_users),
                c__other=sample(after="b")(makes_categories),
            )
        )
    assert caught.value.code == "SD-221"
    assert caught.value.what == (
        "The seeds cannot be put in an order:\n"
        "a.users needs c.other first (after='c'),\n"
        "c.other needs b.orders first (after='b'),\n"
        "b.orders needs a.users first (it draws accounts.User from a pool)."
    )


def test_words_that_match() -> None:
    known = ["a.one", "a.two", "b.three"]
    assert matching(["a"], known) == (["a.one", "a.two"], None)
    assert matching(["b.three", "a.one"], known) == (["b.three", "a.one"], None)
    assert matching(["a.one", "c"], known) == (["a.one"], "c")
