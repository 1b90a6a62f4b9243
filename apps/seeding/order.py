"""Which seed comes first. Pure: names in, names out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from safe_migrate.errors import Refused
from seeding.seed import Seed
from seeding.spelling import suggestion


def arrange(seeds: Mapping[str, Seed]) -> list[Seed]:
    """Seeds after what they need, otherwise in the order given.

    Raises Refused: SD-220 for an unknown name in `after`, SD-221 for a cycle, with its reasons.
    """
    needs = {name: _needs(seed, seeds) for name, seed in seeds.items()}
    arranged: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in arranged:
            return
        if name in path:
            raise _cycle([*path[path.index(name) :], name], needs)
        path.append(name)
        for other in seeds:
            if other in needs[name]:
                visit(other)
        arranged.append(path.pop())

    for name in seeds:
        visit(name)
    return [seeds[name] for name in arranged]


def matching(words: Sequence[str], names: Sequence[str]) -> tuple[list[str], str | None]:
    """Names that 'app' or 'app.seed' stand for, and the first word that stands for none."""
    found: list[str] = []
    for word in words:
        hits = [name for name in names if word in (name, name.partition(".")[0])]
        if not hits:
            return found, word
        found += hits
    return found, None


def _needs(seed: Seed, seeds: Mapping[str, Seed]) -> dict[str, str]:
    """The seeds that come before this one, each with the reason."""
    needed: dict[str, str] = {}
    for word in seed.definition.after:
        found, unknown = matching([word], list(seeds))
        if unknown:
            raise Refused(
                "SD-220",
                f"The seed {seed.name} comes after {unknown!r}, which is unknown. "
                f"{suggestion(unknown, seeds)}",
                next=(f"Correct after= of {seed.name}.", "python manage.py seed --plan"),
            )
        needed |= {name: f"after={word!r}" for name in found if name != seed.name}
    for name, other in seeds.items():
        for model in seed.draws & other.makes:
            if name != seed.name:
                needed.setdefault(name, f"it draws {model._meta.label} from a pool")
    return needed


def _cycle(names: list[str], needs: Mapping[str, Mapping[str, str]]) -> Refused:
    steps = [
        f"{name} needs {other} first ({needs[name][other]})" for name, other in pairwise(names)
    ]
    return Refused(
        "SD-221",
        "The seeds cannot be put in an order:\n" + ",\n".join(steps) + ".",
        next=(
            f"Let one of {', '.join(names[:-1])} do without the other, or make them one seed.",
            "python manage.py seed --plan",
        ),
    )
