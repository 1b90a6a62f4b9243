"""Every relative link leads somewhere, in every page, and so does every one in a message."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, sources, strings
from tests.docs.pages import Page, page, pages

IN_CODE = re.compile(r"\b(docs/[\w/.-]+\.md)(?:#([\w-]+))?")


def dead(of: Page) -> list[str]:
    """The page's links to files or headings that are not there."""
    inside = (link for link in of.links() if not re.match(r"[a-z]+:", link))
    return [link for link in inside if not leads_somewhere(of, link)]


def leads_somewhere(of: Page, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (of.path.parent / name).resolve() if name else of.path
    if not target.exists():
        return False
    if not anchor:
        return True
    return target.suffix == ".md" and anchor in Page(target, target.read_text()).anchors()


@pytest.mark.parametrize("of", pages(), ids=lambda of: of.where)
def test_links(of: Page) -> None:
    assert dead(of) == []


def test_dead_links_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# A heading, with `code`\n[a](#a-heading-with-code) [b](#b) [c](no.md)\n")
    assert dead(Page(path, path.read_text())) == ["#b", "no.md"]


def test_links_in_the_code() -> None:
    linked = {
        match.groups("")
        for module in sources()
        for text in strings(module.tree)
        for match in IN_CODE.finditer(text)
    }
    assert ("docs/reference.md", "storage") in linked
    wrong = [
        f"{name}#{anchor}"
        for name, anchor in linked
        if not (ROOT / name).is_file() or (anchor and anchor not in page(name).anchors())
    ]
    assert wrong == []
