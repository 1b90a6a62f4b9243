"""Products in a tree of categories."""

from typing import ClassVar

from django.db import models


class CategoryManager(models.Manager["Category"]):
    """Finds categories as fixtures name them."""

    def get_by_natural_key(self, slug: str) -> "Category":
        """The category with this slug."""
        return self.get(slug=slug)


class Category(models.Model):
    """A shelf; shelves stand inside shelves."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )

    objects: ClassVar[CategoryManager] = CategoryManager()

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        """What fixtures call it."""
        return (self.slug,)


class ProductManager(models.Manager["Product"]):
    """Finds products as fixtures name them."""

    def get_by_natural_key(self, sku: str) -> "Product":
        """The product with this SKU."""
        return self.get(sku=sku)


class Product(models.Model):
    """Something that can be ordered; known to the outside by its SKU."""

    sku = models.CharField("SKU", max_length=32, unique=True)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    attributes = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[ProductManager] = ProductManager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(price__gte=0), name="catalog_product_price_not_negative"
            ),
        )
        indexes = (models.Index(fields=["category", "name"], name="catalog_product_category_name"),)

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def natural_key(self) -> tuple[str]:
        """What fixtures call it."""
        return (self.sku,)
