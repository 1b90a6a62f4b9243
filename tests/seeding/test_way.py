"""Rows are written together only where nothing would be left out by it."""

# ruff: noqa: DJ008 (models that nobody prints)
from collections.abc import Iterator
from typing import Any

import factory
import pytest
from django.db import models
from django.db.models.signals import post_save, pre_save
from django.test.utils import isolate_apps

from accounts.factories import UserFactory
from accounts.models import User
from catalog.factories import CategoryFactory, ProductFactory
from catalog.models import Category
from orders.factories import OrderFactory, OrderLineFactory
from seeding.declare import Bulk, New, Rows
from seeding.way import row_by_row


def bulk(of: Any, **overrides: Any) -> Bulk:
    return Bulk(of, 1, overrides, Rows(User))


@pytest.mark.parametrize(
    "of", [UserFactory, CategoryFactory, ProductFactory, OrderFactory, OrderLineFactory]
)
def test_the_shops_rows_are_written_together(of: Any) -> None:
    assert row_by_row(bulk(of)) == ""


def test_a_new_parent_for_each() -> None:
    assert row_by_row(bulk(OrderFactory, customer=New())) == "each has its own new customer"


class Tagged(CategoryFactory):
    @factory.post_generation
    def tags(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        pass


class Related(CategoryFactory):
    child = factory.RelatedFactory(CategoryFactory, "parent")


class GotOrCreated(CategoryFactory):
    class Meta:
        django_get_or_create = ("slug",)


class Creating(CategoryFactory):
    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._create(model_class, *args, **kwargs)


@factory.django.mute_signals(post_save)
class Muted(CategoryFactory):
    pass


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (Tagged, "Tagged.tags runs after creation"),
        (Related, "Related.child runs after creation"),
        (GotOrCreated, "GotOrCreated has django_get_or_create"),
        (Creating, "Creating overrides _create"),
        (Muted, "Muted overrides _create"),
    ],
)
def test_a_factory_that_does_more(of: Any, why: str) -> None:
    assert row_by_row(bulk(of)) == why


def hears(sender: Any, **kwargs: Any) -> None:
    pass


@pytest.fixture(params=["pre_save", "post_save"])
def receiver(request: pytest.FixtureRequest) -> Iterator[str]:
    signal = {"pre_save": pre_save, "post_save": post_save}[request.param]
    signal.connect(hears, sender=Category)
    yield request.param
    signal.disconnect(hears, sender=Category)


def test_a_receiver_is_named(receiver: str) -> None:
    assert row_by_row(bulk(CategoryFactory)) == (
        f"catalog.Category has a receiver of {receiver} ({__name__}.hears)"
    )
    assert row_by_row(bulk(ProductFactory)) == ""


@isolate_apps("catalog")
def test_a_model_that_does_more() -> None:
    class Saving(models.Model):
        class Meta:
            app_label = "catalog"

        def save(self, *args: Any, **kwargs: Any) -> None:
            super().save(*args, **kwargs)

    class Parent(models.Model):
        class Meta:
            app_label = "catalog"

    class Child(Parent):
        class Meta:
            app_label = "catalog"

    class Makes(models.Manager[Any]):
        def create(self, **kwargs: Any) -> Any:
            return super().create(**kwargs)

    class Managed(models.Model):
        objects = Makes()

        class Meta:
            app_label = "catalog"

    class Proxy(Parent):
        class Meta:
            app_label = "catalog"
            proxy = True

    def why(model: Any) -> str:
        made = type("AnyFactory", (factory.django.DjangoModelFactory,), {"Meta": meta(model)})
        return row_by_row(bulk(made))

    def meta(model: Any) -> Any:
        return type("Meta", (), {"model": model})

    assert why(Saving) == "catalog.Saving overrides save"
    assert why(Child) == "catalog.Child has a parent table"
    assert why(Managed) == "the manager of catalog.Managed overrides create"
    assert why(Parent) == ""
    assert why(Proxy) == ""
