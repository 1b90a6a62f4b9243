"""What a run would do with each seed. Pure: what is declared and what is loaded in, actions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from safe_migrate.errors import Refused
from seeding.api import Kind
from seeding.ledger import Entry
from seeding.seed import Seed


class State(StrEnum):
    """How a seed stands to what is loaded."""

    NEW = "new"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    """Its definition is another than the one that was loaded."""
    EMPTIED = "emptied"
    """It was loaded, and all its tables are empty now."""


class Action(StrEnum):
    """What is done about it."""

    LOAD = "load"
    SKIP = "skip"
    KEEP = "keep"
    """The rows stay, and count as loaded by the new definition."""
    REFUSE = "refuse"
    """Loading it again would double its rows: the run is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A seed or a reference fixture in this run."""

    name: str
    kind: Kind
    definition: str
    scale: float
    state: State
    action: Action
    seed: Seed | None = None
    """None for a fixture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run of `seed`."""

    items: tuple[Item, ...]
    empties: dict[str, int]
    """Table → rows that `--fresh` deletes, in the order of deletion."""
    forgets: tuple[str, ...] = ()
    """Ledger entries that go with them."""

    @property
    def acting(self) -> bool:
        """Whether anything is written at all."""
        return bool(self.empties or self.forgets) or any(
            item.action in (Action.LOAD, Action.KEEP) for item in self.items
        )

    def having(self, action: Action) -> list[Item]:
        """The items with this action."""
        return [item for item in self.items if item.action is action]


def state_of(definition: str, entry: Entry | None, *, emptied: bool) -> State:
    """By the ledger alone."""
    if entry is None:
        return State.NEW
    if emptied:
        return State.EMPTIED
    return State.UNCHANGED if entry.definition == definition else State.CHANGED


def action_of(kind: Kind, state: State, *, undone: bool, keep: bool) -> Action:
    """What to do with an item; `undone` where its rows are deleted in this run."""
    if undone or state in (State.NEW, State.EMPTIED):
        return Action.LOAD
    if state is State.UNCHANGED:
        return Action.SKIP
    if keep:
        return Action.KEEP
    # Fixtures and named rows are known by their keys: loading them again doubles nothing.
    return Action.REFUSE if kind is Kind.SAMPLE else Action.LOAD


def require_unchanged(items: Sequence[Item]) -> None:
    """Raise Refused (SD-130) where a changed sample would have to be loaded again."""
    changed = [item.name for item in items if item.action is Action.REFUSE]
    if not changed:
        return
    many = len(changed) > 1
    raise Refused(
        "SD-130",
        f"{', '.join(changed)} {'have' if many else 'has'} changed since {'they' if many else 'it'}"
        f" {'were' if many else 'was'} loaded. Loading {'them' if many else 'it'} again would "
        f"double {'their' if many else 'its'} rows.",
        next=(
            "To delete what seeds have loaded and load it anew: python manage.py seed --fresh",
            "To keep the rows and take them for the new ones: python manage.py seed --keep",
        ),
    )
