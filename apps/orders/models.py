"""Orders and their lines."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Order(models.Model):
    """What one customer ordered at one time."""

    class Status(models.TextChoices):
        """Where the order stands."""

        PLACED = "placed"
        PAID = "paid"
        SHIPPED = "shipped"
        CANCELLED = "cancelled"

    number = models.CharField(max_length=20, unique=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PLACED)
    placed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["status", "placed_at"], name="orders_order_status_placed"),)

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="lines")
    quantity = models.IntegerField(default=1)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["order", "product"], name="orders_line_order_product_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0), name="orders_line_quantity_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(unit_price__gte=0), name="orders_line_unit_price_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product}"
