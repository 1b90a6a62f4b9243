"""The reference rows: known by natural keys, so loading them again changes nothing."""

import json

import pytest
from django.core.management import call_command

from catalog.models import Category, Product
from tests.projects import ROOT

FIXTURE = ROOT / "fixtures" / "reference" / "catalog.json"


def test_no_row_has_a_primary_key() -> None:
    assert all("pk" not in row for row in json.loads(FIXTURE.read_text()))


@pytest.mark.django_db
def test_loads_twice_with_the_same_result() -> None:
    call_command("loaddata", "reference/catalog", verbosity=0)
    first = [list(model.objects.order_by("pk").values()) for model in (Category, Product)]
    call_command("loaddata", "reference/catalog", verbosity=0)
    assert [list(model.objects.order_by("pk").values()) for model in (Category, Product)] == first
    assert len(first[0]) == 18
    assert Category.objects.get_by_natural_key("crime").parent == Category.objects.get(
        slug="fiction"
    )


@pytest.mark.django_db
def test_what_somebody_changed_is_put_right() -> None:
    call_command("loaddata", "reference/catalog", verbosity=0)
    Product.objects.filter(sku="GIFT-10").update(name="oops")
    call_command("loaddata", "reference/catalog", verbosity=0)
    assert Product.objects.get_by_natural_key("GIFT-10").name == "Gift card, 10 euros"


@pytest.mark.django_db
def test_is_what_dumpdata_would_write() -> None:
    call_command("loaddata", "reference/catalog", verbosity=0)
    category = Category.objects.get(slug="crime")
    product = Product.objects.get(sku="GIFT-10")
    assert (category.natural_key(), product.natural_key()) == (("crime",), ("GIFT-10",))
