"""What a hazard is: facts about it, how to find it, and how to run the same thing safely. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from safe_migrate.facts.danger import Danger, Effect, Lock, Question, Situation, Step


def _nothing_to_ask(situation: Situation) -> Iterator[Question]:
    yield from ()


def _no_way(situation: Situation) -> tuple[Step, ...]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hazard:
    """One kind of danger. Each is a module of this package that calls it HAZARD.

    `find` yields a danger for each way in which a statement meets it; what it predicts of time it
    takes from database.costs. `ask` yields what has to be known of the data first; the answers are
    in the situation when `find` is called. `rewrite` gives safe steps that end in the same schema,
    or nothing.
    """

    code: str
    """SM-H… and three digits; it never changes its meaning."""
    title: str
    """Six words or fewer."""
    lock: Lock
    effects: tuple[Effect, ...]
    why: str
    """What happens and who waits, in a few sentences: the page of this hazard."""
    remedy: str
    """What to do instead, in a few sentences."""
    find: Callable[[Situation], Iterator[Danger]]
    ask: Callable[[Situation], Iterator[Question]] = _nothing_to_ask
    rewrite: Callable[[Situation], tuple[Step, ...]] = _no_way
