"""Orders and their lines for tests and seeds."""

from datetime import UTC, datetime

import factory
from factory import fuzzy

from accounts.factories import UserFactory
from catalog.factories import ProductFactory
from orders.models import Order, OrderLine


class OrderFactory(factory.django.DjangoModelFactory[Order]):
    """An order without lines, placed in one of two fixed years."""

    class Meta:
        model = Order
        skip_postgeneration_save = True

    number = factory.Sequence(lambda n: f"O-{n:08}")
    customer = factory.SubFactory(UserFactory)
    status = fuzzy.FuzzyChoice(Order.Status.values)
    placed_at = fuzzy.FuzzyDateTime(
        datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    )


class OrderLineFactory(factory.django.DjangoModelFactory[OrderLine]):
    """A line at what the product costs."""

    class Meta:
        model = OrderLine
        skip_postgeneration_save = True

    order = factory.SubFactory(OrderFactory)
    product = factory.SubFactory(ProductFactory)
    quantity = fuzzy.FuzzyInteger(1, 5)
    unit_price = factory.SelfAttribute("product.price")
