"""The README promises nothing that a run does not do: its outputs and settings are used here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from safe_migrate import pipeline
from tests import projects
from tests.docs import tables
from tests.docs.pages import Page, code, page
from tests.projects import ROOT, Project
from tests.servers import Server

# What differs from one machine, server or moment to the next.
VARYING = (
    (r"\S+:\d{2,5}(?=[,\s])", "HOST:PORT"),
    (r"PostgreSQL \d+\.\d+", "PostgreSQL N"),
    (r"backup-staging-\d{8}T\d{12}Z", "BACKUP"),
    (r"pid \d+ \(user \w+,", "pid N (user U,"),
    (r"backend\(\d+\)", "backend(N)"),
    (r"\bfor \d+ s", "for N s"),
    (r"within \d+ s \(\d+ attempts", "within N s (N attempts"),
    (r"[\d,]+ bytes, [\d,]+ rows", "N bytes, N rows"),
    (r"\d+ bytes", "N bytes"),
)
HURRIED = """
from config.settings.staging import *
SAFE_MIGRATE = {**SAFE_MIGRATE, "POLICY": {"LOCK_RETRY_SECONDS": 1}}
"""


@pytest.fixture
def readme() -> Page:
    return page("README.md")


def marked(readme: Page, comment: str) -> str:
    """The code below `<!-- comment -->`."""
    match = re.search(rf"<!-- {comment} -->\n```\w+\n(.*?)```", readme.text, re.DOTALL)
    assert match, comment
    return match[1]


def normal(text: str, database: str = "shop") -> str:
    """Without what varies, and wherever its lines are broken."""
    text = " ".join(text.replace(database, "shop").split())
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text)
    return text


def test_what_is_normal_still_tells_failures_apart() -> None:
    assert normal("on 10.0.0.1:5432, for 12 s") == normal("on db:61234, for 3 s")
    assert normal("SM-R201 in 50 ms") != normal("SM-R202 in 50 ms") != normal("SM-R202 in 60 ms")


def test_the_outputs_are_what_a_run_prints(
    readme: Page, server: Server, applied: str, backups: Path, tmp_path: Path
) -> None:
    shop = projects.shop(server.url(applied), backups)
    shop.ok("safe_migrate", "orders", "0004", "--backup", "never")
    (tmp_path / "hurried.py").write_text(HURRIED)
    impatient = Project(
        ROOT,
        {**shop.variables, "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hurried"},
    )
    with (
        server.connect(applied, application_name="nightly report") as report,
        report.transaction(),
    ):
        report.execute("SELECT count(*) FROM orders_orderline")
        refused = impatient.run("safe_migrate")
    assert refused.code == 5
    assert normal(refused.failure(), applied) == normal(marked(readme, "output: locked"))

    result = shop.ok("safe_migrate")
    shown = normal(result.err + result.out, applied)
    assert shown == normal(marked(readme, "output: applied"))


def test_the_settings_are_all_that_a_new_project_needs(
    readme: Page, server: Server, database: str, tmp_path: Path
) -> None:
    start = [sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)]
    subprocess.run(start, check=True, env=projects.clean_environment())
    connection = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "HOST": server.host,
        "PORT": server.port,
        "USER": server.user,
        "PASSWORD": server.password,
    }
    with (tmp_path / "mysite" / "settings.py").open("a") as settings:
        settings.write(f"\nDATABASES = {{'default': {connection!r}}}\n")
        settings.write(marked(readme, "settings: foreign"))
    project = Project(tmp_path, {"PYTHONPATH": str(ROOT / "apps")})
    assert "FAIL" not in project.ok("safe_doctor").out
    project.ok("safe_migrate")
    [data] = tmp_path.glob("backups/*.dump.zst")
    assert data.stat().st_mode & 0o777 == 0o600
    assert "Nothing to do" in project.ok("seed").out


def test_the_stages_are_the_pipelines(readme: Page) -> None:
    named = re.findall(r"^\d\. \*\*(\w+)\*\*: ", readme.text, re.MULTILINE)
    assert named == [stage.NAME for stage in pipeline.STAGES]


def test_every_command_is_in_the_table(readme: Page) -> None:
    named = [code(row[0]) for row in readme.table("Commands")]
    assert sorted(named) == sorted(tables.COMMANDS)


def test_the_two_commands_are_on_the_first_screen(readme: Page) -> None:
    first = readme.text.splitlines()[:40]
    for command in ("safe_migrate", "pytest"):
        assert any(re.match(rf"pip install uv && uv run .*{command}$", line) for line in first)
    assert any(line.startswith("SM-") for line in first)


def test_versions_are_those_of_the_project(readme: Page) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    pythons = re.findall(r"Programming Language :: Python :: (3\.\d+)", project)
    djangos = re.findall(r"Framework :: Django :: (\d\.\d)", project)
    matrix = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    servers = re.findall(r'postgres: "(\d+)", image', matrix)
    ranges = (
        f"Django {djangos[0]} to {djangos[-1]}, Python {pythons[0]} to {pythons[-1]}, "
        f"PostgreSQL {servers[0]} to {servers[-1]}"
    )
    assert ranges in readme.text
