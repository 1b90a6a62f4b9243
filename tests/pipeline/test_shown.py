"""A plan as data says every kind of danger in the words of its published schema. Pure."""

import json
from enum import StrEnum
from typing import Any

import pytest

from safe_migrate.facts.danger import Danger, Effect, Grade, Lock, Phase
from safe_migrate.pipeline.shown import phase
from tests.architecture.tree import ROOT

SCHEMA = json.loads((ROOT / "docs/schemas/safe_migrate.run-1.json").read_text())


@pytest.mark.parametrize(
    ("key", "kind"), [("effect", Effect), ("lock", Lock), ("grade", Grade), ("phase", Phase)]
)
def test_the_schema_knows_every_word(key: str, kind: type[StrEnum]) -> None:
    published: dict[str, Any] = SCHEMA["$defs"]["danger"]["properties"]
    assert published[key]["enum"] == [member.value for member in kind]


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([], Phase.ANY),
        ([Phase.ANY], Phase.ANY),
        ([Phase.ANY, Phase.EXPAND], Phase.EXPAND),
        ([Phase.CONTRACT, Phase.ANY], Phase.CONTRACT),
        ([Phase.EXPAND, Phase.CONTRACT], Phase.SPLIT),
        ([Phase.EXPAND, Phase.SPLIT], Phase.SPLIT),
    ],
)
def test_when_an_operation_may_run(phases: list[Phase], expected: Phase) -> None:
    dangers = [
        Danger(code="", effect=Effect.SCAN, table="", lock=Lock.NONE, what="", phase=each)
        for each in phases
    ]
    assert phase(dangers) is expected
