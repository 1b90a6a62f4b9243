"""docs/benchmarks.md and its plot show what was measured, and name what was missed."""

import re

from tests.benchmarks.backups_figures import BEGIN, END, FIGURES, PAGE, PLOT, from_json
from tests.benchmarks.backups_plot import svg

RESULTS = from_json(FIGURES.read_text())


def test_the_page_shows_the_figures() -> None:
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown == RESULTS.table()


def test_the_plot_shows_the_figures() -> None:
    assert PLOT.read_text() == svg(RESULTS)


def test_every_missed_limit_is_explained() -> None:
    explained = set(re.findall(r"^- \*\*(.+?)\*\*", PAGE.read_text().split("## Missed\n")[1], re.M))
    assert explained == {figure.what for figure in RESULTS.figures if not figure.kept}
