"""What is printed as JSON, and each manifest, is what docs/schemas/ says; all else is refused.

The published schemas leave every object open, since keys are only ever added within a version. For
what this version prints they must name every key: the tests close them first.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from safe_migrate import conf
from safe_migrate.errors import Terminated
from safe_migrate.pipeline import record
from safe_migrate.pipeline.run import Run
from tests import projects
from tests.architecture.tree import sources, strings
from tests.archives import Archived, archived
from tests.projects import ROOT, Foreign, Project
from tests.servers import Server

SCHEMAS = ROOT / "docs" / "schemas"
Document = dict[str, Any]


def schema_of(name: str) -> Document:
    """The published schema of this name and version."""
    loaded: Document = json.loads((SCHEMAS / f"{name.replace('/', '-')}.json").read_text())
    return loaded


def closed(schema: Any) -> Any:
    """The same schema, with every object whose keys it names closed to others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    names_keys = schema.get("type") == "object" and "properties" in schema
    return {"additionalProperties": False, **inner} if names_keys else inner


def validator_of(name: str, *, strict: bool) -> Draft202012Validator:
    """For the schema of this name, closed or as it is; each may refer to others by their files."""
    form = closed if strict else deepcopy
    known = {path.name: form(json.loads(path.read_text())) for path in SCHEMAS.iterdir()}
    resources = [(file, DRAFT202012.create_resource(schema)) for file, schema in known.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator(known[f"{name.replace('/', '-')}.json"], registry=registry)


def problems(document: Any) -> list[str]:
    """What is wrong with a document, by the schema that it names; empty where nothing is."""
    validator = validator_of(document["schema"], strict=True)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def assert_valid(document: Document, name: str) -> None:
    assert document["schema"] == name
    assert problems(document) == []


def broken(document: Document, schema: Document) -> Iterator[tuple[str, Document]]:
    """The document with each of its keys left out, of another type, or under another name."""
    for key in document:
        without = {name: value for name, value in document.items() if name != key}
        yield f"{key} is missing", without
        yield f"{key} has another type", {**document, key: object()}
        yield f"{key} is misspelt", {**without, f"{key}s": document[key]}
    for definition in schema.get("$defs", {}):
        for path in places(document, schema["$defs"][definition]["required"]):
            spoilt = deepcopy(document)
            inner = spoilt
            for step in path[:-1]:
                inner = inner[step]
            del inner[path[-1]]
            yield f"{definition} lacks {path}", spoilt


def places(document: Any, keys: list[str], path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each key of the first object in the document that has exactly these keys."""
    if isinstance(document, dict):
        if set(document) == set(keys):
            return [(*path, key) for key in keys]
        items: list[tuple[Any, Any]] = list(document.items())
    else:
        items = list(enumerate(document)) if isinstance(document, list) else []
    for step, value in items:
        if found := places(value, keys, (*path, step)):
            return found
    return []


def assert_broken_ones_are_refused(document: Document) -> None:
    """By the published schema as it is, open: a misspelt key leaves the right one missing."""
    schema = schema_of(document["schema"])
    validator = validator_of(document["schema"], strict=False)
    validator.validate(document)
    accepted = [why for why, spoilt in broken(document, schema) if validator.is_valid(spoilt)]
    assert accepted == []


@pytest.mark.parametrize("path", sorted(SCHEMAS.iterdir()), ids=lambda path: path.stem)
def test_a_schema_is_one_and_names_itself(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == path.name == f"{schema['title'].replace('/', '-')}.json"
    assert schema["properties"]["schema"] == {"const": schema["title"]}


def objects(schema: Any) -> Iterator[Document]:
    """Every object in a schema whose keys are named."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@pytest.mark.parametrize("path", sorted(SCHEMAS.iterdir()), ids=lambda path: path.stem)
def test_every_key_is_required_and_every_object_is_open(path: Path) -> None:
    for schema in objects(json.loads(path.read_text())):
        assert schema["required"] == list(schema["properties"])
        assert "additionalProperties" not in schema


def test_what_a_run_prints(foreign: Foreign, backups: Path) -> None:
    document = foreign.ok("safe_migrate", "--format", "json").document
    assert_valid(document, "safe_migrate.run/1")
    assert document["applied"] and document["backup"]["level"] == "readable"
    assert_broken_ones_are_refused(document)

    [manifest] = backups.glob("*.manifest.json")
    written = json.loads(manifest.read_text())
    assert_valid(written, "safe_migrate.manifest/1")
    assert_broken_ones_are_refused(written)

    again = foreign.ok("safe_migrate", "--format", "json").document
    assert_valid(again, "safe_migrate.run/1")
    assert (again["plan"], again["backup"]) == ([], None)


def test_what_a_failing_run_prints_and_writes(foreign: Foreign, backups: Path) -> None:
    foreign.migration("0002_broken", "0001_initial", 'migrations.RunSQL("SELECT 1/0")')
    looked = foreign.run("safe_migrate", "--plan", "--format", "json").document
    assert_valid(looked, "safe_migrate.run/1")
    assert looked["plan"][-1]["operations"][0]["statements"]

    failed = foreign.run("safe_migrate", "--format", "json")
    assert failed.code == 7
    assert_valid(failed.document, "safe_migrate.run/1")
    assert_broken_ones_are_refused(failed.document)
    assert not validator_of("safe_migrate.run/1", strict=False).is_valid(
        {**failed.document, "ok": True}
    )
    [report] = backups.glob("runs/*.json")
    assert_valid(json.loads(report.read_text()), "safe_migrate.run/1")

    status = foreign.run("safe_status", "--history", "--format", "json").document
    assert_valid(status, "safe_migrate.status/1")
    assert status["history"][0]["error"] == "SM-R301" and status["last_verified_backup"]
    assert_broken_ones_are_refused(status)


def test_what_is_printed_of_backups(foreign: Foreign, database: str, backups: Path) -> None:
    foreign.ok("safe_migrate")
    created = foreign.ok("safe_backup", "create", "--format", "json").document
    assert_valid(created, "safe_migrate.backup/1")
    assert_broken_ones_are_refused(created)
    assert not validator_of("safe_migrate.backup/1", strict=False).is_valid(
        {**created, "manifest": {**created["manifest"], "rows": None}}
    )

    verified = foreign.ok("safe_backup", "verify", "--sample", "100%", "--format", "json").document
    assert_valid(verified, "safe_migrate.verification/1")
    assert [result["level"] for result in verified["backups"]] == ["readable", "readable"]
    assert_broken_ones_are_refused(verified)

    identifier = created["manifest"]["id"]
    data = backups / created["manifest"]["data"]
    data.write_bytes(data.read_bytes()[:-1] + b"x")
    failed = foreign.run("safe_backup", "verify", "--latest", "--format", "json").document
    assert_valid(failed, "safe_migrate.verification/1")
    [result] = failed["backups"]
    assert (result["id"], result["level"], result["code"]) == (identifier, None, "SM-B301")

    listed = foreign.ok("safe_backup", "list", "--format", "json").document
    assert_valid(listed, "safe_migrate.backups/1")
    assert [(entry["level"], bool(entry["pinned"])) for entry in listed["backups"]] == [
        (None, False),
        ("readable", True),
    ]
    assert_broken_ones_are_refused(listed)

    pinned = foreign.ok("safe_backup", "pin", identifier, "--reason", "x", "--format", "json")
    assert_valid(pinned.document, "safe_migrate.pin/1")
    assert_broken_ones_are_refused(pinned.document)
    pruned = foreign.ok("safe_backup", "prune", "--format", "json").document
    assert_valid(pruned, "safe_migrate.prune/1")
    assert_broken_ones_are_refused(pruned)


def test_what_is_printed_and_written_of_going_back(
    foreign: Foreign, server: Server, database: str, backups: Path
) -> None:
    foreign.ok("safe_migrate")
    server.query(database, "COMMENT ON DATABASE " + f"\"{database}\" IS 'the shelf'")
    server.query(database, f"ALTER DATABASE \"{database}\" SET work_mem = '8MB'")
    server.query(database, f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC')
    made = foreign.ok("safe_backup", "create", "--format", "json").document["manifest"]
    assert_valid(made, "safe_migrate.manifest/1")
    assert made["database_comment"] and made["database_settings"] and made["database_acl"]

    confirmed = ("--noinput", "--confirm", database, "--format", "json")
    restored = foreign.ok("safe_backup", "restore", made["id"], *confirmed).document
    assert_valid(restored, "safe_migrate.restore/1")
    assert_broken_ones_are_refused(restored)
    kept = foreign.ok("safe_backup", "undo", "--list", "--format", "json").document
    assert_valid(kept, "safe_migrate.kept/1")
    assert_broken_ones_are_refused(kept)
    undone = foreign.ok("safe_backup", "undo", *confirmed).document
    assert_valid(undone, "safe_migrate.restore/1")
    dropped = foreign.ok("safe_backup", "undo", "--drop", *confirmed).document
    assert_valid(dropped, "safe_migrate.kept/1")
    assert foreign.run("safe_backup", "undo", *confirmed).document["error"]["code"] == "SM-B413"

    reports = [json.loads(path.read_text()) for path in backups.glob("runs/*.json")]
    for report in reports:
        assert_valid(report, "safe_migrate.run/1")
    assert sorted(report["command"] for report in reports) == [
        "safe_backup restore",
        *["safe_backup undo"] * 3,
        "safe_migrate",
    ]


def test_what_is_written_of_other_formats(foreign: Foreign, backups: Path) -> None:
    with (foreign.folder / "settings.py").open("a") as file:
        file.write(
            'SAFE_MIGRATE["POLICY"] |= {"BACKUP_JOBS": 2, "BACKUP_FINGERPRINT": True}\n'
            'SAFE_MIGRATE["MANIFEST_KEY"] = "secret"\n'
        )
    document = foreign.ok("safe_migrate", "--format", "json").document
    assert_valid(document, "safe_migrate.run/1")
    assert document["backup"]["data"].endswith(".dump.parts")
    [manifest] = backups.glob("*.manifest.json")
    written = json.loads(manifest.read_text())
    assert_valid(written, "safe_migrate.manifest/1")
    assert (written["format"], written["seal"][:4]) == ("directory", "hmac")
    assert written["total_size"] > written["size"] and written["fingerprints"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    with archived(tmp_path_factory.mktemp("archived")) as world:
        yield world


def test_what_is_printed_and_written_of_restore_points(world: Archived, tmp_path: Path) -> None:
    with world.server.database() as database:
        bases = tmp_path / "bases"
        project = world.project(
            tmp_path / "project",
            database,
            BASE_BACKUP_DIR=str(bases),
            RESTORE_COMMAND=world.restore_command,
        )
        taken = project.ok("safe_backup", "base", "--fast", "--format", "json").document
        assert_valid(taken, "safe_migrate.base_backup/1")
        assert_broken_ones_are_refused(taken)
        [note] = bases.glob("base-*.json")
        assert_valid(json.loads(note.read_text()), "safe_migrate.base/1")
        assert_broken_ones_are_refused(json.loads(note.read_text()))

        run = project.ok("safe_migrate", "--format", "json").document
        assert_valid(run, "safe_migrate.run/1")
        made = project.ok("safe_backup", "create", "--format", "json").document
        assert_valid(made, "safe_migrate.backup/1")
        assert (made["manifest"]["kind"], made["level"]) == ("restore-point", "stored")
        listed = project.ok("safe_backup", "list", "--format", "json").document
        assert_valid(listed, "safe_migrate.backups/1")


def test_what_the_policy_prints(foreign: Foreign) -> None:
    document = foreign.ok("safe_doctor", "--policy", "--format", "json").document
    assert_valid(document, "safe_migrate.policy/1")
    assert_broken_ones_are_refused(document)
    for key in document["policy"]:
        spoilt = {**document, "policy": {**document["policy"], key: object()}}
        assert not validator_of("safe_migrate.policy/1", strict=False).is_valid(spoilt), key


def test_every_schema_that_the_code_names_is_published() -> None:
    named = {
        text
        for module in sources()
        for text in strings(module.tree)
        if re.fullmatch(r"(safe_migrate|seeding)\.\w+/\d+", text)
    }
    assert {f"{name.replace('/', '-')}.json" for name in named} == {
        path.name for path in SCHEMAS.iterdir()
    }


def test_what_is_printed_of_an_empty_database(foreign: Foreign, tmp_path: Path) -> None:
    status = foreign.run("safe_status", "--format", "json").document
    assert_valid(status, "safe_migrate.status/1")
    assert (status["stamp"], status["last_run"]) == (None, None)

    doctor = foreign.run("safe_doctor", "--format", "json", PG_BIN=str(tmp_path)).document
    assert_valid(doctor, "safe_migrate.doctor/1")
    assert {finding["grade"] for finding in doctor["findings"]} >= {"ok", "fail"}
    assert_broken_ones_are_refused(doctor)

    words = ("safe_doctor", "--stamp", "staging", "--noinput", "--format", "json")
    failure = foreign.run(*words).document
    assert_valid(failure, "safe_migrate.failure/1")
    assert_broken_ones_are_refused(failure)


def test_what_a_run_prints_that_could_not_even_connect(foreign: Foreign) -> None:
    url = "postgresql://u:p@127.0.0.1:1/nowhere"
    document = foreign.run("safe_migrate", "--format", "json", URL=url).document
    assert_valid(document, "safe_migrate.run/1")
    assert (document["database"], document["error"]["code"]) == (None, "SM-E101")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Terminated(), RuntimeError("a bug")])
def test_what_is_written_of_a_run_that_was_cut_short(error: BaseException) -> None:
    run = Run(conf=conf.read(), connection=connections["default"])
    document = record.describe(run, error)
    assert_valid(document, "safe_migrate.run/1")
    assert document["error"]["code"] == ""


def test_what_the_seeder_prints(server: Server, backups: Path) -> None:
    with server.database() as database:
        shop: Project = projects.shop(server.url(database), backups, "development")
        shop.ok("safe_migrate")
        plan = shop.ok("seed", "--plan", "--format", "json").document
        assert_valid(plan, "seeding.run/1")
        assert any(part["per"] for seed in plan["seeds"] for part in seed["parts"])

        loaded = shop.ok("seed", "--only", "accounts.staff", "--format", "json").document
        assert_valid(loaded, "seeding.run/1")
        assert loaded["rows"]["accounts.User"] == 1
        assert_broken_ones_are_refused(loaded)

        fresh = shop.ok("seed", "--fresh", "--only", "accounts.staff", "--format", "json").document
        assert_valid(fresh, "seeding.run/1")
        assert fresh["emptied"]
