"""Chance by name: the same everywhere, and nobody else's is touched."""

import random

import factory.random
import faker.generator
import pytest

from seeding.load import draws, streams


def test_a_stream_is_the_same_everywhere_and_for_ever() -> None:
    chance = streams.Family(20240101, ("shop.users", "UserFactory", "0")).stream("category")
    assert [streams.below(1000, chance) for _ in range(5)] == [798, 439, 397, 21, 892]


def test_streams_differ_by_every_part_of_their_name() -> None:
    numbers = {
        streams.number(1, "a", "b"),
        streams.number(2, "a", "b"),
        streams.number(1, "a", "c"),
        streams.number(1, "a"),
    }
    assert len(numbers) == 4


def test_begin_sets_back_what_factories_draw_from() -> None:
    def drawn() -> tuple[float, ...]:
        return (random.random(), factory.random.randgen.random(), faker.generator.random.random())

    with streams.undisturbed():
        streams.begin(5)
        first = drawn()
        streams.begin(5)
        assert drawn() == first


def test_afterwards_the_shared_streams_go_on_as_if_nothing_had_been_drawn() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    with pytest.raises(ZeroDivisionError), streams.undisturbed():
        streams.begin(5)
        raise ZeroDivisionError
    assert random.random() == expected


def test_fan_out_covers_the_whole_range() -> None:
    counts = draws.fan_out(2_000, 1, 5, random.Random(1))
    assert set(counts) == {1, 2, 3, 4, 5}
    assert 5_700 < sum(counts) < 6_300
    assert draws.fan_out(3, 2, 2, random.Random(1)) == [2, 2, 2]
