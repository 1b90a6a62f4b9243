"""What is named in one place is explained in another: error codes, environment variables."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.tree import ROOT, sources, strings

# Those of hazards, SM-H…, have pages of their own.
CODE = re.compile(r"S[MD]-(?!H)[A-Z]?\d+")
READERS = {"boolean", "database", "database_url", "integer", "path", "text", "words"}


def raised() -> set[str]:
    """Every error code in apps/."""
    modules = (module for module in sources() if module.where.startswith("apps/"))
    return {text for module in modules for text in strings(module.tree) if CODE.fullmatch(text)}


def explained() -> list[str]:
    """The sections of docs/errors.md, whose headings are the codes and so the links' anchors."""
    text = (ROOT / "docs" / "errors.md").read_text()
    return re.findall(rf"^#+ ({CODE.pattern})$", text, re.MULTILINE)


def read() -> Iterator[str]:
    """The variables read through config/env.py, and the one it reads itself."""
    for module in sources():
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and (node.func.value.id, node.func.attr) in {("env", name) for name in READERS}
            ):
                yield ast.literal_eval(node.args[0])
    yield "DJANGO_SETTINGS_MODULE"


def documented() -> list[str]:
    """The variables of .env.example."""
    text = (ROOT / ".env.example").read_text()
    return re.findall(r"^([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def test_every_error_code_has_its_section_and_the_other_way_round() -> None:
    assert set(explained()) == raised()


def test_no_error_code_is_explained_twice() -> None:
    assert len(explained()) == len(set(explained()))


def test_every_variable_is_in_the_example_and_the_other_way_round() -> None:
    assert set(documented()) == set(read())


def test_the_example_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()
    assert re.findall(r"^\w*(?:URL|KEY|PASSWORD|SECRET)\w*=(.+)$", text, re.MULTILINE) == []
