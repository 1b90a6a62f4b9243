"""docs/strategy.md is run: every console block, in order, in a copy of this checkout.

A comment in the page, `<!-- story: ENVIRONMENT, STATE -->`, says in which state the commands after
it find their database; they share one copy of the checkout and one database until the next. The
variables that the page tells its readers to set are set. Seeds are scaled down in the copy.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from safe_migrate.postgres import tools
from tests import projects
from tests.architecture.tree import files
from tests.docs.pages import Block, page
from tests.projects import ROOT
from tests.servers import Server

PAGE = "docs/strategy.md"
COPIED = {"apps", "config", "fixtures", "manage.py"}
OTHER_BRANCH = """
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "{before}")]
    operations = []
"""


@dataclass
class Story:
    """A copy of the checkout and a database, with what has been run there so far."""

    folder: Path
    variables: dict[str, str]
    server: Server
    database: str
    said: dict[str, str] = field(default_factory=dict)
    """Command → what it printed, the last time."""

    def run(self, command: str, code: int = 0) -> str:
        """Run a command line as a person's shell would."""
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env={**projects.clean_environment(), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=projects.TIMEOUT_SECONDS,
        )
        said = result.stdout + result.stderr
        assert result.returncode == code, f"$ {command}\nended with {result.returncode}\n{said}"
        self.said[command] = result.stdout
        return result.stdout

    def tell(self, block: Block) -> None:
        """Run a console block, or add a Python block to the file that its first line names."""
        if block.language == "python":
            name = re.match(r"# (\S+), at its end\n", block.text)
            assert name, block.text
            with (self.folder / name[1]).open("a") as file:
                file.write(f"\n\n{block.text}")
            return
        for command, code in commands(block):
            self.run(command, code)


def commands(block: Block) -> Iterator[tuple[str, int]]:
    """Each command of a console block with the exit code that its comment names."""
    for text in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, comment = text.rstrip().partition("  # exit code ")
        yield command, int(comment or 0)


def stories() -> dict[str, list[Block]]:
    """'NUMBER STORY' → its blocks. Before the first one the page runs nothing."""
    found: dict[str, list[Block]] = {}
    before = ""
    number = 0
    for block in page(PAGE).blocks("console", "python"):
        # A story may come again: another heading's is another one.
        if block.story != before:
            number += 1
            before = block.story
        found.setdefault(f"{number} {block.story}", []).append(block)
    return found


def state_of(name: str) -> tuple[str, str]:
    """Environment and state of a story."""
    environment, _, state = name.partition(" ")[2].partition(", ")
    return environment, state


def empty(story: Story) -> None:
    """Nothing is applied."""
    story.server.query("postgres", f'DROP DATABASE "{story.database}" WITH (FORCE)')
    story.server.query("postgres", f'CREATE DATABASE "{story.database}"')


def pending(story: Story) -> None:
    """The page's own migration is written and not applied."""
    for block in next(iter(stories().values())):
        if block.language == "python":
            story.tell(block)
    story.run("python manage.py makemigrations catalog --name review")


def conflict(story: Story) -> None:
    """Another branch has added a migration as well."""
    pending(story)
    folder = story.folder / "apps" / "catalog" / "migrations"
    before, review = sorted(path.stem for path in folder.glob("0*.py"))[-2:]
    number = review.partition("_")[0]
    (folder / f"{number}_other_branch.py").write_text(OTHER_BRANCH.format(before=before))


def edited(story: Story) -> None:
    """An applied migration does something else now."""
    path = story.folder / "apps" / "catalog" / "migrations" / "0001_initial.py"
    path.write_text(path.read_text() + "\nNOTHING_MUCH = 1\n")


def clone_of_production(story: Story) -> None:
    stamp(story, "production")


def backed_up(story: Story) -> None:
    """Everything is applied, and there is the backup that was made before the last migration."""
    story.run("python manage.py safe_migrate orders 0005 --env staging --backup never")
    story.run("python manage.py safe_migrate --env staging")
    [manifest] = (story.folder / "backups").glob("*.manifest.json")
    story.variables["BACKUP"] = manifest.name.removesuffix(".manifest.json")


def stamp(story: Story, environment: str) -> None:
    story.server.query(
        story.database, "UPDATE safe_migrate_stamp SET environment = %s", environment
    )


STATES: dict[str, Callable[[Story], None]] = {
    "empty": empty,
    "applied": lambda story: None,
    "pending": pending,
    "backed up": backed_up,
    "clone of production": clone_of_production,
    "conflict": conflict,
    "edited": edited,
}


@pytest.fixture
def story(server: Server, applied: str, tmp_path: Path) -> Story:
    folder = tmp_path / "checkout"
    for path in files():
        where = path.relative_to(ROOT)
        if where.parts[0] in COPIED:
            (folder / where).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / where)
    scaled_down(folder / "config" / "settings" / "staging.py")
    scaled_down(folder / "config" / "settings" / "development.py")
    [(version,)] = server.query("postgres", "SELECT current_setting('server_version_num')::int")
    programs = (Path(sys.executable).parent, tools.find_client(None, version // 10000).folder)
    variables = {
        "DB": applied,
        "DATABASE_URL": server.url(applied),
        "RESTORED_URL": server.url(f"{applied}_restored"),
        "MAINTENANCE_URL": server.url("postgres"),
        "BACKUP": "",
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "ALLOWED_HOSTS": "shop.example",
        "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
    }
    return Story(folder, variables, server, applied)


def scaled_down(settings: Path) -> None:
    text = settings.read_text()
    small = re.sub(r'"scale": [\d.]+', '"scale": 0.002', text)
    assert small != text
    settings.write_text(small)


def tell(story: Story, name: str) -> Story:
    """Bring the database into the story's state and run its blocks."""
    environment, state = state_of(name)
    if environment != "staging":
        stamp(story, environment)
    STATES[state](story)
    for block in stories()[name]:
        story.tell(block)
    return story


def test_every_console_block_belongs_to_a_story() -> None:
    assert {state_of(name)[1] for name in stories()} <= set(STATES)
    told = sum(len(blocks) for blocks in stories().values())
    assert told == page(PAGE).text.count("\n```console\n") + page(PAGE).text.count("\n```python\n")


def test_what_readers_are_told_to_set_is_set(story: Story) -> None:
    [block] = [block for block in page(PAGE).blocks("sh") if "export" in block.text]
    named = set(re.findall(r"^export (\w+)=", block.text, re.MULTILINE))
    assert named <= set(story.variables)
    used = {
        name
        for block in page(PAGE).blocks("console")
        for name in re.findall(r"\$\{?(\w+)", block.text)
    }
    assert used <= named


def test_a_command_that_fails_would_be_seen(story: Story) -> None:
    block = Block(
        "console", "$ true\n$ false  # exit code 1\n$ cat <<'E'\nnot $DB\nE\n$ false\n", "", ""
    )
    with pytest.raises(AssertionError, match=r"(?s)\$ false.*ended with 1"):
        story.tell(block)
    assert list(story.said.values()) == ["", "", "not $DB\n"]


@pytest.mark.parametrize("name", stories())
def test_a_story(story: Story, name: str) -> None:
    tell(story, name)
    if "Restore a backup by hand" in {block.heading for block in stories()[name]}:
        assert_restored(story)


def assert_restored(story: Story) -> None:
    """The page's comparison came out equal, and the database in use is the one of the backup."""
    manifest = json.loads(
        (story.folder / "backups" / f"{story.variables['BACKUP']}.manifest.json").read_text()
    )
    [counted] = [said for command, said in story.said.items() if "\\gexec" in command]
    assert dict(line.split(",") for line in counted.split()) == {
        table: str(rows) for table, rows in manifest["rows"].items()
    }
    [summed] = [said for command, said in story.said.items() if "sha256sum" in command]
    assert summed.startswith(manifest["sha256"])
    recorded = story.server.query(
        story.database, "SELECT app, name FROM django_migrations ORDER BY id"
    )
    assert [list(row) for row in recorded] == manifest["migrations"]


def test_what_is_said_of_the_deployment_is_in_its_workflow() -> None:
    workflow = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    given = set(re.findall(r"\b(?:secrets|vars)\.(\w+)", workflow))
    [named] = [block.text for block in page(PAGE).blocks("text") if "secrets" in block.text]
    assert set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", named)) == given
    concurrency, roll_out = (block.text for block in page(PAGE).blocks("yaml"))
    assert " ".join(concurrency.split()) in " ".join(workflow.split())
    [waited_for] = re.findall(r"needs: (\w+)", roll_out)
    assert re.search(rf"^  {waited_for}:$", workflow, re.MULTILINE)
