"""Orders with their lines in the admin."""

from django.contrib import admin

from orders.models import Order, OrderLine


class OrderLineInline(admin.TabularInline):  # type: ignore[type-arg]
    """Lines, inside their order."""

    model = OrderLine
    extra = 0
    autocomplete_fields = ("product",)


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Orders."""

    list_display = ("number", "customer", "status", "placed_at")
    list_select_related = ("customer",)
    list_filter = ("status",)
    search_fields = ("number", "customer__email")
    autocomplete_fields = ("customer",)
    date_hierarchy = "placed_at"
    inlines = (OrderLineInline,)
