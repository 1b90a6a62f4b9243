"""What was ordered: the seeds that make users and products run first, because of the pools."""

from accounts.models import User
from catalog.models import Product
from orders.factories import OrderFactory, OrderLineFactory
from seeding.api import Sample, sample


@sample()
def orders(s: Sample) -> None:
    """Orders of one to five different products."""
    placed = s.bulk(OrderFactory, 25_000, customer=s.pool(User))
    s.bulk(OrderLineFactory, order=s.per(placed, 1, 5), product=s.pool(Product, distinct=True))
