"""What the shop sells, on the shelves that the reference fixture puts up."""

from catalog.factories import ProductFactory
from catalog.models import Category
from seeding.api import Sample, sample


@sample()
def products(s: Sample) -> None:
    """Products on every shelf."""
    s.bulk(ProductFactory, 2_000, category=s.pool(Category))
