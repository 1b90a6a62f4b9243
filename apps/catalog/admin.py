"""The catalogue in the admin."""

from django.contrib import admin

from catalog.models import Category, Product


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shelves."""

    list_display = ("name", "parent")
    list_select_related = ("parent",)
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012 (Django's own form)


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What stands on them."""

    list_display = ("sku", "name", "category", "price")
    list_select_related = ("category",)
    list_filter = ("category",)
    search_fields = ("sku", "name")
