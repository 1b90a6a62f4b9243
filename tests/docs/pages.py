"""The Markdown files of this project, read as far as the tests need to: headings, links, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.architecture.tree import ROOT, files

FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1[ ]*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
COMMENT = re.compile(r"<!-- (\w+): (.*?) -->")
INLINE_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True)
class Block:
    """A fenced piece of code, with the heading and the comment (`<!-- NAME: … -->`) before it."""

    language: str
    text: str
    heading: str
    story: str


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """Without fenced code, in which a # is no heading and brackets are no link."""
        return FENCE.sub("", self.text)

    def anchors(self) -> set[str]:
        """As GitHub makes them of headings, numbered where one comes again."""
        found: dict[str, int] = {}
        for heading in HEADING.findall(self.prose):
            name = anchor(heading)
            found[name] = found.get(name, 0) + 1
        return {
            name if number == 0 else f"{name}-{number}"
            for name, times in found.items()
            for number in range(times)
        }

    def links(self) -> list[str]:
        return LINK.findall(INLINE_CODE.sub("", self.prose))

    def blocks(self, *languages: str) -> Iterator[Block]:
        """The fenced pieces in these languages, in their order."""
        for match in FENCE.finditer(self.text):
            if match[2] in languages:
                before = FENCE.sub("", self.text[: match.start()])
                stories = [value for name, value in COMMENT.findall(before) if name == "story"]
                headings = HEADING.findall(before)
                yield Block(match[2], match[3], ["", *headings][-1], ["", *stories][-1])

    def table(self, heading: str) -> list[list[str]]:
        """The cells of the first table below a heading, without its head."""
        below = self.text.split(f"# {heading}\n", 1)[1]
        rows = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
        assert rows, f"there is no table below {heading!r} in {self.where}"
        return [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in rows[0].splitlines()[2:]
        ]


def anchor(heading: str) -> str:
    """What GitHub makes of a heading: lower case, no punctuation, dashes for spaces."""
    text = LINK.sub("", heading) if heading.startswith("[") else heading
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


@cache
def pages() -> tuple[Page, ...]:
    """Every Markdown file that git tracks or would."""
    return tuple(Page(path, path.read_text()) for path in files() if path.suffix == ".md")


@cache
def page(name: str) -> Page:
    """One of them, by its path from the project's root."""
    return Page(ROOT / name, (ROOT / name).read_text())


def code(cell: str) -> str:
    """The first `code` in a table's cell."""
    match = re.search(r"`([^`]+)`", cell)
    assert match, f"no code in {cell!r}"
    return match[1]
