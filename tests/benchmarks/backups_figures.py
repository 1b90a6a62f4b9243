"""What was measured: judged against its limit, as a line, a Markdown table and JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from tests.projects import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = ROOT / "docs" / "benchmarks" / "backups.json"
PLOT = ROOT / "docs" / "benchmarks" / "backups.svg"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
HEAD = """\
| What | Limit | Median | From … to | Kept |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Figure:
    """One promise, measured several times."""

    what: str
    unit: str
    limit: float
    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def kept(self) -> bool:
        return self.median <= self.limit

    def row(self) -> str:
        """Of the Markdown table."""
        cells = (
            self.what,
            f"{self.limit:g} {self.unit}",
            f"**{self.median:.2f}**",
            f"{min(self.values):.2f} … {max(self.values):.2f}",
            "yes" if self.kept else "**no**",
        )
        return f"| {' | '.join(cells)} |\n"

    def line(self) -> str:
        """For the terminal."""
        verdict = "" if self.kept else "   MISSED"
        return (
            f"{self.what:<66} {self.median:7.2f} ({min(self.values):.2f} … "
            f"{max(self.values):.2f}), limit {self.limit:g} {self.unit}{verdict}"
        )


@dataclass(frozen=True)
class Timing:
    """Seconds of one command, as a bar of the plot."""

    group: str
    what: str
    values: Sequence[float]


@dataclass(frozen=True)
class Results:
    """One run of the benchmark."""

    conditions: dict[str, str]
    figures: list[Figure]
    timings: list[Timing]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    def table(self) -> str:
        """Markdown: the figures, then the bare seconds, then what they were measured with."""
        seconds = [
            f"| {timing.group}: {timing.what} | {median(timing.values):.2f} | "
            f"{min(timing.values):.2f} … {max(timing.values):.2f} |\n"
            for timing in self.timings
        ]
        conditions = [f"| {name} | {value} |\n" for name, value in self.conditions.items()]
        return "".join(
            [
                *(HEAD, *(figure.row() for figure in self.figures)),
                *("\n| Whole process | Seconds | From … to |\n|---|---|---|\n", *seconds),
                *("\n| Measured with | |\n|---|---|\n", *conditions),
            ]
        )


def from_json(text: str) -> Results:
    """The opposite of to_json."""
    document = json.loads(text)
    return Results(
        conditions=document["conditions"],
        figures=[Figure(**figure) for figure in document["figures"]],
        timings=[Timing(**timing) for timing in document["timings"]],
    )
