"""Categories and products for tests and seeds."""

import factory
from factory import fuzzy

from catalog.models import Category, Product

MATERIALS = ("Oak", "Linen", "Brass", "Paper", "Cotton", "Glass", "Copper", "Wool", "Slate", "Cork")
THINGS = ("Lamp", "Puzzle", "Cookbook", "Teapot", "Bowl", "Notebook", "Planter", "Tray", "Vase")


class CategoryFactory(factory.django.DjangoModelFactory[Category]):
    """A category at the top of the tree, unless it is given a parent."""

    class Meta:
        model = Category
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Category {n}")
    slug = factory.Sequence(lambda n: f"category-{n}")
    parent = None


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    """A product at a price between 1 and 500."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    class Params:
        material = fuzzy.FuzzyChoice(MATERIALS)
        thing = fuzzy.FuzzyChoice(THINGS)

    sku = factory.Sequence(lambda n: f"SKU-{n:06}")
    name = factory.LazyAttribute(lambda product: f"{product.material} {product.thing}")
    slug = factory.LazyAttribute(lambda product: product.sku.lower())
    category = factory.SubFactory(CategoryFactory)
    price = fuzzy.FuzzyDecimal(1, 500, precision=2)
    attributes = factory.Dict(
        {
            "material": factory.SelfAttribute("..material"),
            "weight_grams": fuzzy.FuzzyInteger(50, 5_000),
        }
    )
