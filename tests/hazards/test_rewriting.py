"""How long a table and its indexes take to be written anew, by what was measured."""

from dataclasses import replace

import pytest

from safe_migrate.facts.database import Costs, ExistingIndex, Table
from safe_migrate.hazards.rewriting import rewrite_ms

# Bytes of a row, indexes → microseconds for a row: ALTER TYPE on 500,000 rows, PostgreSQL 18.
MEASURED = [
    (86, 0, 1.48),
    (86, 1, 2.00),
    (86, 3, 3.45),
    (86, 6, 6.47),
    (586, 0, 4.34),
    (586, 3, 6.69),
    (1640, 0, 12.57),
]


@pytest.mark.parametrize(("width", "indexes", "microseconds"), MEASURED)
def test_within_a_third_of_what_was_measured(width: int, indexes: int, microseconds: float) -> None:
    rows = 500_000
    table = Table(
        name='"public"."t"',
        rows=rows,
        bytes=rows * width,
        indexes=tuple(ExistingIndex(name=f"i{n}", columns=("c",)) for n in range(indexes)),
    )
    told = rewrite_ms(table, Costs())
    assert microseconds * rows / 1000 == pytest.approx(told, rel=0.34)
    slower = replace(Costs(), rewrite=2 * Costs().rewrite, index=2 * Costs().index)
    assert rewrite_ms(table, slower) == pytest.approx(2 * told)


def test_an_empty_table() -> None:
    assert rewrite_ms(Table(name='"t"', rows=0, bytes=0), Costs()) == 0
