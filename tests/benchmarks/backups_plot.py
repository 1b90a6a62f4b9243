"""The seconds as bars with their spread: an SVG written by hand, readable on dark and light."""

from statistics import median
from xml.sax.saxutils import escape

from tests.benchmarks.backups_figures import Results, Timing

WIDTH, LEFT, RIGHT = 760, 270, 110
BAR, GAP, GROUP_GAP = 18, 8, 26
OURS, OTHERS = "#2f7d4f", "#8a94a0"
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#57606a}"
    ".group{font-weight:600}.spread{stroke:#57606a;stroke-width:1.5}"
)


def svg(results: Results) -> str:
    """One group of bars for each kind of work, each on a scale of its own."""
    parts: list[str] = []
    y = 8.0
    groups = dict.fromkeys(timing.group for timing in results.timings)
    for group in groups:
        timings = [timing for timing in results.timings if timing.group == group]
        longest = max(max(timing.values) for timing in timings)
        y += GROUP_GAP
        parts.append(f'<text class="group" x="8" y="{y - 8:g}">{escape(group)}</text>')
        for timing in timings:
            parts += bar(timing, y, (WIDTH - LEFT - RIGHT) / longest)
            y += BAR + GAP
    size = f'width="{WIDTH}" height="{y + 8:g}" viewBox="0 0 {WIDTH} {y + 8:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    title = "<title>Seconds of whole processes: median, least and most</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


def bar(timing: Timing, y: float, per_second: float) -> list[str]:
    """Name, bar to the median, a line from the least to the most, the number."""
    middle = median(timing.values)
    least, most = (LEFT + edge(timing.values) * per_second for edge in (min, max))
    colour = OURS if timing.what.startswith("safe_backup") else OTHERS
    base = y + BAR - 5
    return [
        f'<text x="{LEFT - 8}" y="{base:g}" text-anchor="end">{escape(timing.what)}</text>',
        f'<rect x="{LEFT}" y="{y:g}" width="{middle * per_second:.1f}" height="{BAR}" '
        f'fill="{colour}" rx="2"/>',
        f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" '
        f'y1="{y + BAR / 2:g}" y2="{y + BAR / 2:g}"/>',
        f'<text x="{most + 8:.1f}" y="{base:g}">{middle:.2f} s</text>',
    ]
