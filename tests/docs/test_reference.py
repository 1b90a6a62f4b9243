"""docs/reference.md against the code: every key, option, variable, code and field, and no other."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage.handler import StorageHandler
from django.test import override_settings

from safe_migrate import conf, policy
from safe_migrate.backups.manifest import Manifest
from safe_migrate.errors import Exit
from safe_migrate.management.backup import ACTIONS
from safe_migrate.policy import DEFAULTS, Environment, policy_for
from safe_migrate.postgres import control
from seeding import conf as seeding_conf
from seeding import ledger
from tests.architecture.tree import ROOT
from tests.docs import tables
from tests.docs.pages import Page, code, page


@pytest.fixture
def reference() -> Page:
    return page("docs/reference.md")


def keys(rows: list[list[str]]) -> list[str]:
    """The names in the first column; a cell may have two."""
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]


def test_tables_made_from_the_code_are_as_the_code_has_it(reference: Page) -> None:
    """Made anew by `uv run python -m tests.docs.tables`."""
    marked = [match[1] for match in tables.MARKED.finditer(reference.text)]
    assert marked == tables.names()
    assert len(marked) == len(set(marked)) > len(tables.COMMANDS)
    for name in marked:
        assert f"<!-- table: {name} -->\n{tables.expected(name)}<!-- end -->" in reference.text, (
            name
        )


def test_a_table_that_is_wrong_would_be_made_anew() -> None:
    spoilt = "<!-- table: policy -->\n| `BUDGET_MS` | 51 |\n<!-- end -->"
    assert "| `BUDGET_MS` | The longest an application query" in tables.rewritten(spoilt)
    assert "51" not in tables.rewritten(spoilt)


def test_every_command_has_its_section(reference: Page) -> None:
    commands = ROOT.glob("apps/*/management/commands/[a-z]*.py")
    assert {path.stem for path in commands} == set(tables.COMMANDS)
    assert set(tables.COMMANDS) <= reference.anchors()


def test_every_action_has_its_section(reference: Page) -> None:
    files = ROOT.glob("apps/safe_migrate/management/backup/[a-z]*.py")
    assert len(ACTIONS) == len(list(files))
    assert {f"safe_backup-{action.NAME}" for action in ACTIONS} <= reference.anchors()


def test_settings(reference: Page) -> None:
    assert keys(reference.table("Settings")) == list(conf.KEYS)


def test_what_the_settings_are_without_being_set(reference: Page) -> None:
    with override_settings(SAFE_MIGRATE={"ENVIRONMENT": "staging"}):
        read = conf.read()
    assert read == conf.Conf(
        environment=Environment.STAGING,
        policy=DEFAULTS[Environment.STAGING],
        pg_bin=None,
        migration_urls={},
        backup_urls={},
        scratch_urls={},
        revision="",
        manifest_key="",
        age_recipients=(),
        age_identity_file=None,
        base_backup_dir=None,
        restore_command="",
        backup_hook=(),
    )
    stated = {code(row[0]): row[1] for row in reference.table("Settings")}
    assert stated.pop("ENVIRONMENT") == "none"
    defaults = {"POLICY": "{}", "AGE_RECIPIENTS": "()", "BACKUP_HOOK": "()"}
    texts = {"REVISION", "MANIFEST_KEY", "RESTORE_COMMAND"}
    assert stated == {
        key: f"`{defaults.get(key, chr(34) * 2 if key in texts else None)}`" for key in stated
    }


def test_extras(reference: Page) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(keys(reference.table("Extras"))) == sorted(project["optional-dependencies"])


def test_the_storages_are_ones(reference: Page) -> None:
    """Each block of the section is added to those before it, and what comes out can be made."""
    names: dict[str, Any] = {"STORAGES": {}, "BASE_DIR": ROOT}
    made = []
    for block in reference.blocks("python"):
        if block.heading == "Storage":
            exec(block.text, names)  # noqa: S102 (our own page)
            made.append(StorageHandler(names["STORAGES"])["dbbackup"])
    folder, bucket, large = made
    assert folder.location == str(ROOT / "backups")
    assert (bucket.bucket_name, bucket.file_overwrite) == ("shop-backups", False)
    assert bucket.transfer_config.multipart_chunksize * 10_000 >> 30 == 78
    assert "a backup may have 78 GiB" in reference.text
    assert large.transfer_config.multipart_chunksize == 64 << 20


def test_what_production_cannot_change(reference: Page) -> None:
    fixed = []
    for name in policy.policy_names():
        value = getattr(DEFAULTS[Environment.PRODUCTION], name)
        if isinstance(value, bool):
            try:
                policy_for(Environment.PRODUCTION, {name: not value})
            except ValueError:
                fixed.append(name.upper())
    *first, last = (f"`{name}`" for name in sorted(fixed))
    assert f"In production {', '.join(first)} and {last} cannot be changed." in reference.text


def test_seeding_settings(reference: Page) -> None:
    stated = keys(reference.table("Seeding"))
    assert sorted(stated) == sorted(seeding_conf.KEYS)
    below = reference.text.split("A profile says", 1)[1]
    profile = Page(reference.path, f"# profile\n{below}").table("profile")
    assert sorted(keys(profile)) == sorted(seeding_conf.PROFILE_KEYS)


@override_settings(SEEDING={})
def test_what_seeding_is_without_being_set(reference: Page) -> None:
    read = seeding_conf.read()
    stated = {code(row[0]): code(row[1]) for row in reference.table("Seeding")}
    assert (read.profiles, read.random_seed, read.reference) == ({}, 0, ())
    assert read.clock.isoformat().replace("+00:00", "Z") == stated["CLOCK"].strip('"')
    assert (stated["PROFILES"], stated["RANDOM_SEED"], stated["REFERENCE"]) == ("{}", "0", "()")


def test_environment_variables(reference: Page) -> None:
    example = (ROOT / ".env.example").read_text()
    known = re.findall(r"^([A-Z][A-Z0-9_]*)=", example, re.MULTILINE)
    assert sorted(keys(reference.table("Environment variables"))) == sorted(known)


def test_exit_codes(reference: Page) -> None:
    stated = [(int(row[0]), row[1]) for row in reference.table("Exit codes")]
    assert stated == [(int(code), code.name.lower()) for code in Exit]


def test_schemas(reference: Page) -> None:
    linked = set(re.findall(r"\(schemas/([\w.-]+)\)", reference.text))
    assert linked == {path.name for path in Path(ROOT, "docs", "schemas").iterdir()}
    for row in reference.table("JSON"):
        assert f"(schemas/{code(row[0]).replace('/', '-')}.json)" in row[0]


def test_manifest(reference: Page) -> None:
    assert sorted(keys(reference.table("Manifest"))) == sorted(f.name for f in fields(Manifest))


def test_the_tools_own_tables(reference: Page) -> None:
    assert set(keys(reference.table("Tables"))) == {*control.TABLES, ledger.TABLE}
