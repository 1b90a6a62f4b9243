"""What cannot be meant is refused before anything is written, with the seed and the field."""

from collections.abc import Callable
from typing import Any

import factory
import pytest

from accounts.factories import UserFactory
from accounts.models import User
from catalog.factories import CategoryFactory, ProductFactory
from catalog.models import Category, Product
from orders.factories import OrderFactory, OrderLineFactory
from safe_migrate.errors import Refused
from seeding.api import Ensure, Sample, ensure, sample
from seeding.declare import Rows
from seeding.seed import declare

Says = Callable[[Any], Any]


def refusal_of(definition: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        declare("shop.seed", definition, 1)
    return caught.value


CASES: list[tuple[Says, str, str]] = [
    (
        lambda s: s.bulk(User, 5),
        "SD-210",
        "<class 'accounts.models.User'> is not a factory of a Django model.",
    ),
    (
        lambda s: s.bulk(factory.DictFactory, 5),
        "SD-210",
        "<class 'factory.base.DictFactory'> is not a factory of a Django model.",
    ),
    (
        lambda s: s.bulk(UserFactory, 5, emial="x"),
        "SD-212",
        "UserFactory (accounts.User) has no 'emial'. Did you mean 'email'?",
    ),
    (
        lambda s: s.bulk(UserFactory),
        "SD-213",
        "s.bulk(UserFactory) needs a count, or one override that is s.per(rows, 1, 5).",
    ),
    (
        lambda s: s.bulk(UserFactory, -1),
        "SD-213",
        "s.bulk(UserFactory, -1) needs a whole number of at least 0.",
    ),
    (
        lambda s: s.bulk(UserFactory, True),
        "SD-213",
        "s.bulk(UserFactory, True) needs a whole number of at least 0.",
    ),
    (
        lambda s: s.bulk(UserFactory, 2.5),
        "SD-213",
        "s.bulk(UserFactory, 2.5) needs a whole number of at least 0.",
    ),
    (
        lambda s: s.bulk(OrderFactory, 7, customer=s.per(s.bulk(UserFactory, 5), 1, 2)),
        "SD-213",
        "s.bulk(OrderFactory, 7) has a count and an s.per(…): one of them decides.",
    ),
    (
        lambda s: s.bulk(OrderFactory, customer=s.per(s.bulk(UserFactory, 5), 3, 2)),
        "SD-213",
        "s.per(…, 3, 2) is no range.",
    ),
    (
        lambda s: s.bulk(ProductFactory, 5, category=s.pool("catalog.Category")),
        "SD-214",
        "ProductFactory.category takes rows from 'catalog.Category', which is neither a model nor "
        "what an earlier s.bulk of this seed returned.",
    ),
    (
        lambda s: s.bulk(UserFactory, 5, email=s.new()),
        "SD-215",
        "UserFactory.email is no SubFactory, so s.new() cannot make anything.",
    ),
    (
        lambda s: s.bulk(ProductFactory, 5, category=s.pool(User)),
        "SD-216",
        "ProductFactory.category refers to catalog.Category, and is given rows of accounts.User.",
    ),
    (
        lambda s: s.bulk(OrderFactory, 5),
        "SD-217",
        "OrderFactory.customer is a SubFactory (UserFactory): one User for each Order. In bulk "
        "that is to be said.",
    ),
]


@pytest.mark.parametrize(("says", "code", "problem"), CASES)
def test_is_refused(says: Says, code: str, problem: str) -> None:
    refused = refusal_of(sample()(says))
    assert (refused.code, refused.what) == (code, f"The seed shop.seed: {problem}")
    assert refused.next[-1] == "python manage.py seed --plan"


def test_rows_of_another_seed_cannot_be_named() -> None:
    refused = refusal_of(sample()(lambda s: s.bulk(OrderFactory, 5, customer=s.pool(Rows(User)))))
    assert refused.code == "SD-214"


def test_a_sub_factory_has_two_ways_out() -> None:
    refused = refusal_of(sample()(lambda s: s.bulk(OrderFactory, 5)))
    assert refused.next[:2] == (
        "customer=s.pool(User) for one of those that are there,",
        "customer=s.new() for a new one each time.",
    )


def test_a_named_row_without_its_key() -> None:
    refused = refusal_of(ensure()(lambda s: s.row(UserFactory, "email", full_name="Shop Admin")))
    assert refused.code == "SD-211"
    assert refused.what == (
        "The seed shop.seed: s.row(UserFactory, …) has no value for 'email', by which the row is "
        "known."
    )


def test_a_named_row_with_an_unknown_field() -> None:
    refused = refusal_of(ensure()(lambda s: s.row(UserFactory, "email", email="a", nmae="b")))
    assert refused.code == "SD-212"


def test_everything_that_can_be_said() -> None:
    @sample(after=["accounts", "catalog"])
    def orders(s: Sample) -> None:
        tree = s.bulk(CategoryFactory, s.exactly(3))
        s.bulk(CategoryFactory, 9, parent=s.pool(tree))
        s.bulk(ProductFactory, 20, category=s.pool(Category), attributes__weight_grams=5)
        placed = s.bulk(OrderFactory, 10, customer=s.new(), status=factory.Iterator(["paid"]))
        s.bulk(OrderLineFactory, order=s.per(placed, 1, 5), product=s.pool(Product, distinct=True))
        s.bulk(UserFactory, 0, staff=True)

    seed = declare("shop.orders", orders, 0.1)
    assert [bulk.count for bulk in seed.bulks] == [3, 1, 2, 1, None, 0]
    assert seed.draws == {Category, Product}
    assert User in seed.makes


@pytest.mark.parametrize(("scale", "count"), [(1, 7), (0.001, 1), (0.5, 4), (10, 70)])
def test_counts_follow_the_scale_but_nothing_disappears(scale: float, count: int) -> None:
    seed = declare("shop.users", sample()(lambda s: s.bulk(UserFactory, 7)), scale)
    assert seed.bulks[0].count == count


def test_a_seed_is_one_kind() -> None:
    assert not hasattr(Ensure(), "bulk")
    assert not hasattr(Sample(1), "row")
