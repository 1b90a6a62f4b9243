"""docs/backups.md is run: its commands, its outputs, its grants, the way without the tool."""

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from safe_migrate.errors import Exit
from tests import projects
from tests.docs import stories
from tests.docs.pages import page
from tests.docs.stories import STATES, Story, commands, state_of, tell
from tests.docs.test_readme import normal
from tests.projects import Project
from tests.servers import Server

PAGE = page("docs/backups.md")
STORIES = stories.stories(PAGE)
# A block of output belongs to the last command of the block before it.
OUTPUT = re.compile(r"```console\n([^`]*?)```\n\n```text\n(.*?)```", re.DOTALL)
# What differs from one machine or moment to the next, beyond what the README shows.
VARYING = (
    (r"__old_\d{8}T\d{12}Z", "__old_WHEN"),
    (r"\b[\d.,]+ (B|KiB|MiB|GiB)\b", "SIZE"),
    (r"\b\d+ (s|min|h)\b", "AGE"),
    (r"\b[\d,]+ rows", "N rows"),
    (r"\d{4}-(\d\d-\d\d|W\d\d|\d\d)(?=,)", "PERIOD"),
)


def normalised(text: str, database: str = "shop") -> str:
    text = normal(text, database)
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return text


def outputs() -> list[tuple[str, str]]:
    """Command → what the page shows that it prints."""
    return [
        (re.split(r"^\$ ", console, flags=re.MULTILINE)[-1].rstrip(), shown)
        for console, shown in OUTPUT.findall(PAGE.text)
    ]


def test_what_is_normal_still_tells_outputs_apart() -> None:
    assert normalised("'shop' holds 9.2 MiB now") == normalised("'t_1' holds 871 B now", "t_1")
    assert normalised("keep 3 s  58 KiB") != normalised("DELETE 3 s  58 KiB")


def test_every_console_block_belongs_to_a_story() -> None:
    assert {state_of(name)[1] for name in STORIES} <= set(STATES)
    told = sum(len(blocks) for blocks in STORIES.values())
    assert told == PAGE.text.count("\n```console\n")


def test_what_readers_are_told_to_set_is_set(story: Story) -> None:
    [block] = [block for block in PAGE.blocks("sh") if "export" in block.text]
    named = set(re.findall(r"^export (\w+)=", block.text, re.MULTILINE))
    assert named <= set(story.variables)
    used = {
        name for block in PAGE.blocks("console") for name in re.findall(r"\$\{?(\w+)", block.text)
    }
    assert used <= named


def test_every_output_is_one_of_a_command() -> None:
    shown = PAGE.text.count("\n```text\n") - PAGE.text.count("\n```text\n17 2 * * *")
    assert len(outputs()) == len(dict(outputs())) == shown


@pytest.mark.parametrize("name", STORIES)
def test_a_story(story: Story, name: str) -> None:
    told = [command for block in STORIES[name] for command, _ in commands(block)]
    require_programs("\n".join(told))
    tell(story, PAGE, name)
    for command, shown in outputs():
        if command in told:
            assert normalised(story.shown[command], story.database) == normalised(shown)
    if any("\\gexec" in command for command in told):
        assert_restored_by_hand(story)
    if any("AGE_RECIPIENTS" in command for command in told):
        assert_encrypted(story)


def require_programs(text: str) -> None:
    """Skip where the story uses what this machine has not."""
    used = {
        name for name in ("age", "zstd") if re.search(rf"(^|[|;] ){name}\b", text, re.MULTILINE)
    }
    missing = sorted(name for name in used if shutil.which(name) is None)
    if missing:
        pytest.skip(f"not installed: {' and '.join(missing)} (.ci/install-test-servers)")


def assert_restored_by_hand(story: Story) -> None:
    """The page's comparisons came out equal, and the database in use is the one of the backup."""
    path = story.folder / "backups" / f"{story.variables['BACKUP']}.manifest.json"
    manifest = json.loads(path.read_text())
    [counted] = [said for command, said in story.said.items() if "\\gexec" in command]
    assert dict(line.split(",") for line in counted.split()) == {
        table: str(rows) for table, rows in manifest["rows"].items()
    }
    [stated] = [said for command, said in story.said.items() if "json.load" in command]
    [summed] = [said for command, said in story.said.items() if "sha256sum" in command]
    assert stated.strip() == summed.split()[0] == manifest["sha256"]
    recorded = story.server.query(
        story.database, "SELECT app, name FROM django_migrations ORDER BY id"
    )
    assert [list(row) for row in recorded] == manifest["migrations"]


def assert_encrypted(story: Story) -> None:
    [data] = (story.folder / "backups").glob("*.age")
    assert data.read_bytes().startswith(b"age-encryption.org/v1\n")


@pytest.fixture
def names(server: Server, applied: str) -> Iterator[dict[str, str]]:
    """The names of the section on roles → ours, since roles are the whole server's."""
    suffix = secrets.token_hex(4)
    found = {"shop_backup": f"b_{suffix}", "shop_verify": f"v_{suffix}", "shop": f"o_{suffix}"}
    server.query("postgres", f"CREATE ROLE {found['shop']} LOGIN PASSWORD 'secret'")
    yield {**found, "DATABASE shop": f"DATABASE {applied}"}
    # The roles own it, and what the restore has put aside.
    kept = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    for (name,) in server.query("postgres", kept, applied):
        server.query("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
    for role in found.values():
        server.query("postgres", f"DROP ROLE IF EXISTS {role}")


def granted(server: Server, database: str, names: dict[str, str]) -> None:
    """Run the statements of the section on roles, but for the one of a single large object."""
    blocks = [block.text for block in PAGE.blocks("sql") if block.heading == "Roles"]
    assert len(blocks) == 5
    for name in ("DATABASE shop", "shop_backup", "shop_verify", "shop"):
        blocks = [re.sub(rf"\b{name}\b", names[name], text) for text in blocks]
    for statement in "".join(blocks).replace("'…'", "'secret'").split(";\n"):
        if statement.strip() and "LARGE OBJECT" not in statement:
            server.query(database, statement)


def test_the_roles_have_the_rights_that_they_need(
    server: Server, applied: str, names: dict[str, str], tmp_path: Path
) -> None:
    server.query(applied, "CREATE TABLE secret AS SELECT 1 AS x")
    server.query(applied, "ALTER TABLE secret ENABLE ROW LEVEL SECURITY")
    server.query(applied, "CREATE POLICY none ON secret USING (false)")
    owner = names["shop"]
    server.query(applied, f'ALTER DATABASE "{applied}" OWNER TO {owner}')
    for kind, name in server.query(
        applied,
        "SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text"
        " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i')",
    ):
        server.query(applied, f"ALTER {kind} {name} OWNER TO {owner}")
    granted(server, applied, names)

    def url(name: str, database: str = applied) -> str:
        return server.url(database, user=names[name], password="secret")

    shop: Project = projects.shop(url("shop"), tmp_path / "backups")
    shop.variables |= {
        "BACKUP_DATABASE_URL": url("shop_backup"),
        "SCRATCH_DATABASE_URL": url("shop_verify", "postgres"),
    }
    made = shop.ok("safe_backup", "create", "--level", "restored", "--format", "json").document
    identifier = made["manifest"]["id"]
    assert made["manifest"]["rows"]["public.secret"] == 1
    session = psycopg.connect(url("shop_backup"), autocommit=True)
    shop.ok("safe_backup", "restore", identifier, "--noinput", "--confirm", applied)
    with pytest.raises(psycopg.OperationalError, match="terminating connection"):
        session.execute("SELECT 1")
    assert server.query(applied, "SELECT count(*) FROM secret") == [(1,)]


def test_exit_codes_of_a_nightly_job_are_the_commands() -> None:
    stated = {int(n) for row in PAGE.table("Every night") for n in re.findall(r"\d+", row[0])}
    assert stated < {int(code) for code in Exit}
    assert {0, 4, 8} < stated
