"""The published table: what each family of faults came to in each subject. Pure."""

from collections.abc import Iterable, Sequence

from tests.faults.fault import Outcome

BEGIN, END = "<!-- campaign: begin -->", "<!-- campaign: end -->"
TITLES = {
    "ours": "safe_migrate",
    "binary": "dbbackup, binary",
    "plain": "dbbackup, plain",
}
COLUMNS = ("accepted", "listed", "changed", "leaked", "stuck")


def render(outcomes: Sequence[Outcome], told: Sequence[str], versions: str) -> str:
    """The page's part between its markers; `told` is what was left out, and why."""
    families = sorted({outcome.family for outcome in outcomes})
    lines = [
        BEGIN,
        "",
        versions,
        "",
        f"| family | tool | injected | {' | '.join(COLUMNS)} |",
        f"|---|---|{'---:|' * (1 + len(COLUMNS))}",
    ]
    for family in [*families, ""]:
        for subject, title in TITLES.items():
            own = [o for o in outcomes if o.subject == subject and family in ("", o.family)]
            name = (family or "**all**") if subject == "ours" else ""
            lines.append(f"| {name} | {title} | {' | '.join(numbers(own))} |")
    lines += ["", *(["Not injected, and not counted:", ""] if told else [])]
    lines += [*(f"- {reason}" for reason in told), *([""] if told else []), END]
    return "\n".join(lines)


def numbers(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Injected, then how many of them came to each bad end; a dash where nothing was injected."""
    if not outcomes:
        return ["-"] * (1 + len(COLUMNS))
    counts = [sum(getattr(outcome, column) for outcome in outcomes) for column in COLUMNS]
    return [str(len(outcomes)), *(str(count) for count in counts)]


def replaced(page: str, table: str) -> str:
    """The page with this table between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{table}{after}"
