"""One run of `seed` on its way: what was asked for, and what was found out so far."""

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection

from safe_migrate.conf import Conf as ToolConf
from safe_migrate.facts import Progress, Silent
from seeding.conf import Conf, Profile
from seeding.ledger import Entry
from seeding.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What was asked for."""

    only: tuple[str, ...] = ()
    """'app' or 'app.seed'; none means all that the profile chooses."""
    reference_only: bool = False
    fresh: bool = False
    keep: bool = False
    looking: bool = False
    """Plan and write nothing."""
    wait_seconds: float | None = None


@dataclass(kw_only=True)
class Run:
    """Filled in by `perform` in its order; a field is set before it is read."""

    connection: BaseDatabaseWrapper
    tool: ToolConf
    conf: Conf
    options: Options
    progress: Progress = field(default_factory=Silent)
    confirm: Callable[[Plan, str], None] = lambda plan, database: None
    """Asked before rows are deleted; raises Refused where the answer is no."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    stack: ExitStack = field(default_factory=ExitStack)
    own: Connection = field(init=False)
    """Our private session: it looks, and it holds the runner's lock."""
    database: str = ""
    """Its name."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """What was loaded before, by the ledger."""
    plan: Plan = field(init=False)
    loaded: dict[str, dict[str, int]] = field(default_factory=dict)
    """Seed or fixture → table → rows."""
    seconds: float = 0.0

    @property
    def profile(self) -> Profile | None:
        """This environment's profile."""
        return self.conf.profiles.get(self.tool.environment)
