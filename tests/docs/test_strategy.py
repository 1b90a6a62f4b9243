"""docs/strategy.md is run: every console block, in order (stories.py)."""

import re

import pytest

from tests.docs import stories
from tests.docs.pages import Block, page
from tests.docs.stories import STATES, STRATEGY, Story, state_of, tell
from tests.projects import ROOT

PAGE = page(STRATEGY)
STORIES = stories.stories(PAGE)


def test_every_console_block_belongs_to_a_story() -> None:
    assert {state_of(name)[1] for name in STORIES} <= set(STATES)
    told = sum(len(blocks) for blocks in STORIES.values())
    assert told == PAGE.text.count("\n```console\n") + PAGE.text.count("\n```python\n")


def test_what_readers_are_told_to_set_is_set(story: Story) -> None:
    [block] = [block for block in PAGE.blocks("sh") if "export" in block.text]
    named = set(re.findall(r"^export (\w+)=", block.text, re.MULTILINE))
    assert named <= set(story.variables)
    used = {
        name for block in PAGE.blocks("console") for name in re.findall(r"\$\{?(\w+)", block.text)
    }
    assert used <= named


def test_a_command_that_fails_would_be_seen(story: Story) -> None:
    block = Block(
        "console", "$ true\n$ false  # exit code 1\n$ cat <<'E'\nnot $DB\nE\n$ false\n", "", ""
    )
    with pytest.raises(AssertionError, match=r"(?s)\$ false.*ended with 1"):
        story.tell(block)
    assert list(story.said.values()) == ["", "", "not $DB\n"]


@pytest.mark.parametrize("name", STORIES)
def test_a_story(story: Story, name: str) -> None:
    tell(story, PAGE, name)


def test_what_is_said_of_the_deployment_is_in_its_workflow() -> None:
    workflow = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    given = set(re.findall(r"\b(?:secrets|vars)\.(\w+)", workflow))
    [named] = [block.text for block in PAGE.blocks("text") if "secrets" in block.text]
    assert set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", named)) == given
    concurrency, roll_out = (block.text for block in PAGE.blocks("yaml"))
    assert " ".join(concurrency.split()) in " ".join(workflow.split())
    [waited_for] = re.findall(r"needs: (\w+)", roll_out)
    assert re.search(rf"^  {waited_for}:$", workflow, re.MULTILINE)
