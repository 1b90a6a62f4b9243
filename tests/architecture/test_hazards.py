"""Every hazard is one file with a test of the same name, and a code of its own."""

import re

from safe_migrate.hazards import hazards
from tests.architecture.tree import ROOT

CODE = re.compile(r"SM-H[1-4]\d\d")


def test_every_hazard_has_its_twin_test() -> None:
    modules = {hazard.find.__module__.rsplit(".", 1)[-1] for hazard in hazards()}
    assert len(modules) == len(hazards()), "one hazard in one file"
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests/hazards").glob("test_*.py")}
    assert sorted(modules - tests) == []


def test_codes_are_well_formed_and_given_once() -> None:
    codes = [hazard.code for hazard in hazards()]
    assert [code for code in codes if not CODE.fullmatch(code)] == []
    assert len(codes) == len(set(codes))


def test_every_hazard_says_what_it_is_and_what_to_do() -> None:
    wordy = [hazard.code for hazard in hazards() if len(hazard.title.split()) > 6]
    assert wordy == []
    assert [h.code for h in hazards() if not (h.why and h.remedy and h.effects)] == []
