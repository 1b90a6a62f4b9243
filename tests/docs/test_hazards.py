"""docs/hazards.md and its pages against the hazards: every one of them, in their own words."""

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards import hazards
from safe_migrate.pipeline.judge import EMPTY_REASON, UNKNOWN_CODE
from tests.docs import hazards as pages
from tests.docs.pages import page


def test_the_pages_are_as_the_hazards_say() -> None:
    """Made anew by `uv run python -m tests.docs.hazards`."""
    expected = pages.expected()
    written = {pages.INDEX, *pages.PAGES.glob("*.md")}
    assert {path.name for path in written} == {path.name for path in expected}
    stale = [path.name for path, text in expected.items() if path.read_text() != text]
    assert stale == []


def test_every_hazard_is_in_a_group_and_linked_once() -> None:
    links = page("docs/hazards.md").links()
    assert sorted(links) == sorted(f"hazards/{hazard.code}.md" for hazard in hazards())


def test_every_effect_is_explained() -> None:
    assert {effect: bool(pages.MEANINGS[effect]) for effect in Effect} == dict.fromkeys(
        Effect, True
    )


def test_the_codes_of_acknowledgements_have_their_sections() -> None:
    anchors = page("docs/hazards.md").anchors()
    assert {UNKNOWN_CODE.lower(), EMPTY_REASON.lower()} <= anchors
