"""What is printed as JSON, and each manifest, is what docs/schemas/ says; all else is refused.

The published schemas leave every object open, since keys are only ever added within a version. For
what this version prints they must name every key: the tests close them first.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from jsonschema import Draft202012Validator

from safe_migrate import conf
from safe_migrate.errors import Terminated
from safe_migrate.pipeline import record
from safe_migrate.pipeline.run import Run
from tests import projects
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


def problems(document: Any) -> list[str]:
    """What is wrong with a document, by the schema that it names; empty where nothing is."""
    validator = Draft202012Validator(closed(schema_of(document["schema"])))
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
    validator = Draft202012Validator(schema)
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
    assert not Draft202012Validator(schema_of("safe_migrate.run/1")).is_valid(
        {**failed.document, "ok": True}
    )
    [report] = backups.glob("runs/*.json")
    assert_valid(json.loads(report.read_text()), "safe_migrate.run/1")

    status = foreign.run("safe_status", "--history", "--format", "json").document
    assert_valid(status, "safe_migrate.status/1")
    assert status["history"][0]["error"] == "SM-R301" and status["last_verified_backup"]
    assert_broken_ones_are_refused(status)


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
