"""One run on its way through the stages: what was asked for, and what was found out so far."""

import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.migration import Migration
from psycopg import Connection

from safe_migrate.conf import Conf
from safe_migrate.facts import Backup, Finding, Identity, PlannedMigration, Progress, Silent
from safe_migrate.online.execute import CourteousExecutor
from safe_migrate.postgres.locks import Holder


class BackupMode(StrEnum):
    """The value of --backup."""

    AUTO = "auto"
    """As the environment's policy requires."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The arguments of the command; the first ones mean what they mean for `migrate`."""

    app_label: str = ""
    migration_name: str = ""
    interactive: bool = True
    fake: bool = False
    fake_initial: bool = False
    run_syncdb: bool = False
    prune: bool = False
    verbosity: int = 1
    backup: BackupMode = BackupMode.AUTO
    wait_seconds: float | None = None
    show_sql: bool = False
    """Collect the SQL of each operation: what --plan prints."""
    plan_id: str = ""
    """Apply only this plan: what --plan has shown."""
    diagnose: bool = False
    """Look at everything, also at what this run would not need: safe_doctor."""


@dataclass(kw_only=True)
class Run:
    """Filled in by the stages in their order; a field is set before the next stage reads it."""

    conf: Conf
    connection: BaseDatabaseWrapper
    options: Options = field(default_factory=Options)
    progress: Progress = field(default_factory=Silent)
    stdout: TextIO | Any = None
    """Where receivers of Django's signals may write."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    command: str = "safe_migrate"
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    stack: ExitStack = field(default_factory=ExitStack)
    """Closed when the run ends, however it ends."""
    session: Connection = field(init=False)
    """Our private session: it looks first and holds the runner's lock later."""
    maintenance: Connection | None = None
    """Our private session to the maintenance database: it holds the lock on the name."""
    identity: Identity | None = None
    executor: CourteousExecutor | None = None
    targets: list[tuple[str, str | None]] = field(default_factory=list)
    pending: list[tuple[Migration, bool]] = field(default_factory=list)
    """The plan as Django's executor takes it: migrations with 'backwards'."""
    plan: tuple[PlannedMigration, ...] = ()
    plan_id: str = ""
    """Of the plan and the schema it is for, where it was looked at."""
    findings: list[Finding] = field(default_factory=list)
    backup: Backup | None = None
    applied: list[str] = field(default_factory=list)
    """The plan's migrations that are carried out, by name."""
    current: Migration | None = None
    """The migration being carried out."""
    migrated: bool = False
    """Every migration of the plan is carried out; post_migrate may still be to come."""
    rows_before: dict[str, int] = field(default_factory=dict)
    """Table → rows written until the run began, by the statistics."""
    retries: int = 0
    blocked_by: tuple[Holder, ...] = ()
    """Who was in the way at the last retry."""
    locked: bool = False
    recorded: bool = False
    """The run has its row in the history."""
    stage: str = ""

    @property
    def backup_wanted(self) -> bool:
        """Whether this run makes a backup: something is pending and policy or caller says so."""
        return bool(self.pending) and self.backup_needed

    @property
    def backup_needed(self) -> bool:
        """Whether policy or caller says that a run which migrates makes a backup."""
        if self.options.backup is BackupMode.AUTO:
            return self.conf.policy.backup_required
        return self.options.backup is BackupMode.ALWAYS
