"""Pages whose console blocks are run, in order, in a copy of this checkout.

A comment in the page, `<!-- story: ENVIRONMENT, STATE -->`, says in which state the commands after
it find their database; they share one copy of the checkout and one database until the next. The
variables that the page tells its readers to set are set. Seeds are scaled down in the copy.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safe_migrate.postgres import tools
from tests import projects
from tests.architecture.tree import files
from tests.docs.pages import Block, Page, page
from tests.projects import ROOT
from tests.servers import Server

STRATEGY = "docs/strategy.md"
COPIED = {"apps", "config", "fixtures", "manage.py"}
ADDED = re.compile(r"# (\S+), at its end\n")
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
    """Command → what it printed on stdout, the last time."""
    shown: dict[str, str] = field(default_factory=dict)
    """Command → what a terminal showed of it: stderr, then stdout."""

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
        self.shown[command] = result.stderr + result.stdout
        return result.stdout

    def tell(self, block: Block) -> None:
        """Run a console block, or add a Python block to the file that its first line names."""
        if block.language == "python":
            name = ADDED.match(block.text)
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


def stories(of: Page) -> dict[str, list[Block]]:
    """'NUMBER STORY' → its blocks. Before the first one the page runs nothing."""
    found: dict[str, list[Block]] = {}
    before = ""
    number = 0
    for block in of.blocks("console", "python"):
        if not block.story:
            continue
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
    for block in next(iter(stories(page(STRATEGY)).values())):
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
    named(story)


def backed_up_in_parts(story: Story) -> None:
    """There is a backup in pg_dump's directory format."""
    with (story.folder / "config" / "settings" / "staging.py").open("a") as settings:
        settings.write('SAFE_MIGRATE["POLICY"] = {"BACKUP_JOBS": 2}\n')
    story.run("python manage.py safe_backup create --env staging")
    named(story)


def named(story: Story) -> None:
    """BACKUP is the one backup that there is."""
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
    "backed up in parts": backed_up_in_parts,
    "clone of production": clone_of_production,
    "conflict": conflict,
    "edited": edited,
}


def begin(server: Server, applied: str, tmp_path: Path) -> Story:
    """A story before its first command: a copy of the checkout, everything applied."""
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


def tell(story: Story, of: Page, name: str) -> Story:
    """Bring the database into the state of one of the page's stories and run its blocks."""
    environment, state = state_of(name)
    if environment != "staging":
        stamp(story, environment)
    STATES[state](story)
    for block in stories(of)[name]:
        story.tell(block)
    return story
