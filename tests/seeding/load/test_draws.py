"""Draws from pools: even, different where asked, and alike whatever numbers rows were given."""

from random import Random
from typing import Any

from catalog.models import Category, Product
from orders.models import Order, OrderLine
from seeding.load.draws import Draw, counted, in_stable_order, per_parent, stable_key


def categories(*slugs: str) -> list[Any]:
    return [Category(pk=number, slug=slug) for number, slug in enumerate(slugs, 1)]


def test_a_distinct_pool_gives_no_row_twice_to_the_same_parent() -> None:
    rows = categories("a", "b", "c", "d")
    parents = [(Order(pk=number), 4) for number in (1, 2)]
    drawn = list(
        per_parent(parents, "order", {"x": 1}, {"c": Draw(rows, Random(1), distinct=True)})
    )
    assert [row["order"].pk for row in drawn] == [1] * 4 + [2] * 4
    assert {row["c"].slug for row in drawn[:4]} == {"a", "b", "c", "d"}
    assert {row["c"].slug for row in drawn[4:]} == {"a", "b", "c", "d"}
    assert all(row["x"] == 1 for row in drawn)


def test_without_a_parent_a_distinct_pool_gives_no_row_twice_at_all() -> None:
    draw = Draw(categories("a", "b", "c"), Random(1), distinct=True)
    assert sorted(row["c"].slug for row in counted(3, {}, {"c": draw})) == ["a", "b", "c"]


def test_draws_are_even() -> None:
    draw = Draw(categories("a", "b", "c", "d"), Random(1), distinct=False)
    slugs = [row["c"].slug for row in counted(4_000, {}, {"c": draw})]
    assert all(900 < slugs.count(slug) < 1_100 for slug in "abcd")


def test_the_order_of_a_pool_is_that_of_a_unique_value() -> None:
    one = [row.slug for row in in_stable_order(categories("b", "a", "Z"))]
    other = [row.slug for row in in_stable_order(categories("Z", "b", "a"))]
    assert one == other == ["Z", "a", "b"]
    assert in_stable_order([]) == []


def test_the_stable_key_is_no_number_of_a_sequence_where_there_is_another() -> None:
    keys = [stable_key(model).name for model in (Category, Product, Order, OrderLine)]
    assert keys == ["slug", "sku", "number", "id"]
