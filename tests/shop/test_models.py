"""The shop's rules are the database's, whoever writes."""

from decimal import Decimal

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError
from django.test import Client

from accounts.factories import UserFactory
from accounts.models import User
from catalog.factories import CategoryFactory, ProductFactory
from orders.factories import OrderFactory, OrderLineFactory
from orders.models import Order

pytestmark = pytest.mark.django_db


def test_people_log_in_by_e_mail_in_any_case() -> None:
    User.objects.create_user("Ann@Example.com", "correct horse", full_name="Ann")
    user = authenticate(username="ann@example.com", password="correct horse")
    assert isinstance(user, User)
    assert str(user) == "Ann@example.com"
    assert authenticate(username="ann@example.com", password="wrong") is None


def test_an_e_mail_is_needed() -> None:
    with pytest.raises(ValueError, match="needs an e-mail"):
        User.objects.create_user("")


def test_addresses_that_differ_in_case_are_one_persons() -> None:
    UserFactory.create(email="ann@example.com")
    with pytest.raises(IntegrityError, match="accounts_user_email_any_case_unique"):
        UserFactory.create(email="Ann@example.com")


def test_a_superuser_may_do_everything() -> None:
    root = User.objects.create_superuser("root@example.com", "secret", full_name="Root")
    assert root.is_staff and root.is_superuser


def test_a_sku_is_unique() -> None:
    ProductFactory.create(sku="A", slug="a")
    with pytest.raises(IntegrityError, match="sku"):
        ProductFactory.create(sku="A", slug="b")


def test_a_price_is_not_negative() -> None:
    with pytest.raises(IntegrityError, match="catalog_product_price_not_negative"):
        ProductFactory.create(price=Decimal("-0.01"))


def test_categories_stand_in_a_tree() -> None:
    child = CategoryFactory.create(parent=CategoryFactory.create(name="Books"))
    assert str(child.parent) == "Books"


def test_an_order_has_a_product_once() -> None:
    line = OrderLineFactory.create()
    assert line.unit_price == line.product.price
    with pytest.raises(IntegrityError, match="orders_line_order_product_unique"):
        OrderLineFactory.create(order=line.order, product=line.product)


def test_a_line_orders_something() -> None:
    with pytest.raises(IntegrityError, match="orders_line_quantity_positive"):
        OrderLineFactory.create(quantity=0)


def test_an_order_number_is_unique() -> None:
    OrderFactory.create(number="O-1")
    with pytest.raises(IntegrityError, match="number"):
        OrderFactory.create(number="O-1")


def test_who_has_ordered_is_not_deleted() -> None:
    order = OrderFactory.create()
    with pytest.raises(IntegrityError):
        order.customer.delete()
    assert str(Order.objects.get()) == order.number


@pytest.mark.parametrize(
    "page", ["accounts/user", "catalog/category", "catalog/product", "orders/order"]
)
def test_the_admin_shows_lists_and_forms(client: Client, page: str) -> None:
    OrderLineFactory.create()
    client.force_login(UserFactory.create(staff=True, email="root@example.com"))
    for path in ("", "?q=a", "add/"):
        assert client.get(f"/admin/{page}/{path}").status_code == 200
