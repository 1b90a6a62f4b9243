"""The pages of hazards, made from their modules: docs/hazards.md and one page for each.

`uv run python -m tests.docs.hazards` writes them anew; test_hazards.py compares them.
"""

import ast
import inspect
from pathlib import Path

from safe_migrate.facts.danger import Effect
from safe_migrate.hazards import hazards
from safe_migrate.hazards.base import Hazard
from tests.architecture.tree import ROOT

INDEX = ROOT / "docs" / "hazards.md"
PAGES = ROOT / "docs" / "hazards"
GROUPS = {
    "SM-H1": "Indexes and constraints",
    "SM-H2": "Columns and types",
    "SM-H3": "Tables, renames, removals",
    "SM-H4": "Code, data and migrations as a whole",
}
HEAD = """# Hazards

What a migration can do to people who use the application, or to their data. `python manage.py safe_migrate --plan` looks at every statement of every pending migration, with the tables of the database in front of it, and names each hazard that is met below the statement that meets it.

<!-- made by: uv run python -m tests.docs.hazards -->
"""  # noqa: E501
GRADES = """
## Grades

| grade | when |
| --- | --- |
| note | The lock is predicted to be held no longer than the policy's `BUDGET_MS`; or it is known and accepted; or new code needs it, and it may run first. |
| warning | The lock is held longer, or for a time that nobody can predict; or old code breaks, data is lost, a failure leaves half of it, whatever the table's size. |
| error | It fails on the rows that are there, of which the plan names some; or an acknowledgement is mistaken. |

## Acknowledging

What is known and accepted is said in the migration, with the reason:

```python
class Migration(migrations.Migration):
    safe_migrate_acknowledge = {"SM-H304": "No code has read this column since May."}
```

A warning with its reason becomes a note; what will fail stays an error.

### SM-H901
A migration acknowledges a code that no hazard has.

### SM-H902
A migration acknowledges a hazard without saying why.
"""  # noqa: E501


def expected() -> dict[Path, str]:
    """Every page and its text."""
    pages = {PAGES / f"{hazard.code}.md": page(hazard) for hazard in hazards()}
    return {INDEX: index(), **pages}


def index() -> str:
    """The list of all, by their groups."""
    text = HEAD
    for prefix, title in GROUPS.items():
        rows = [_row(hazard) for hazard in hazards() if hazard.code.startswith(prefix)]
        head = ["| code | hazard | lock | effect |", "| --- | --- | --- | --- |"]
        text += f"\n## {title}\n\n" + "\n".join([*head, *rows]) + "\n"
    return text + GRADES


def page(hazard: Hazard) -> str:
    """One hazard: what it takes, what it does, why, and what to do instead."""
    lock = f"{hazard.lock.value}: {hazard.lock.waiting}." if hazard.lock else "None on a table."
    effects = "".join(f"- **{effect.value}**: {MEANINGS[effect]}\n" for effect in hazard.effects)
    return f"""# {hazard.code}: {hazard.title}

<!-- made by: uv run python -m tests.docs.hazards -->
**Lock:** {lock}

**Effect:**
{effects}
## Why
{hazard.why}

## Instead
{hazard.remedy}

[All hazards](../hazards.md)
"""


def _row(hazard: Hazard) -> str:
    effects = ", ".join(effect.value for effect in hazard.effects)
    link = f"[{hazard.code}](hazards/{hazard.code}.md)"
    return f"| {link} | {hazard.title} | {hazard.lock.value or '—'} | {effects} |"


def _meanings() -> dict[Effect, str]:
    """Each effect's own words: the string below it, else its name."""
    body = ast.parse(inspect.getsource(Effect)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[Effect, str] = {}
    last = ""
    for node in body.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            last = node.targets[0].id
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[Effect[last]] = " ".join(str(node.value.value).split())
    return {effect: found.get(effect, PLAIN.get(effect, "")) for effect in Effect}


PLAIN = {
    Effect.BREAKS_OLD_CODE: "The code that runs until the deploy ends no longer works.",
    Effect.LOSES_DATA: "What is gone comes back from a backup alone.",
    Effect.IRREVERSIBLE: "The migration cannot be taken back.",
}
MEANINGS = _meanings()


def main() -> None:
    """Write every page anew, and remove those of hazards that are no more."""
    pages = expected()
    PAGES.mkdir(exist_ok=True)
    for path in set(PAGES.glob("*.md")) - set(pages):
        path.unlink()
    for path, text in pages.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
