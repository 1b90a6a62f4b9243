"""Whatever happened, there is a record of it: a row in the database, a file beside the backups.

The file is the truth: the row is rewound with the database when a backup is restored.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psycopg

from safe_migrate.backups import store
from safe_migrate.errors import Exit, SafeMigrateError, Terminated
from safe_migrate.facts import Grade
from safe_migrate.pipeline import shown
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import control
from safe_migrate.version import VERSION

SCHEMA = "safe_migrate.run/1"


@contextmanager
def recorded(run: Run, command: str = "safe_migrate") -> Iterator[None]:
    """Record the run when it ends, however it ends; what ended it is raised on.

    A record that cannot be written is told and never hides what happened.
    """
    run.command = command
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        run.finished_at = datetime.now(UTC)
        report = describe(run, error)
        _write_row(run, report)
        _write_file(run, report)


def begin(run: Run) -> None:
    """Under the lock: a row that says 'running' until the run ends."""
    control.begin_run(run.session, run.id, run.command, run.conf.environment, run.started_at)
    run.recorded = True


def exit_code(error: BaseException | None) -> Exit:
    """The process's exit code for what ended a run."""
    if error is None:
        return Exit.DONE
    if isinstance(error, SafeMigrateError):
        return error.exit
    if isinstance(error, Terminated):
        return Exit.TERMINATED
    return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.UNEXPECTED


def describe(run: Run, error: BaseException | None, code: Exit | None = None) -> dict[str, Any]:
    """The run as data, by the schema safe_migrate.run/1 (docs/schemas); also of one that failed.

    `code` is the process's exit code, where what ended the run does not decide it alone.
    """
    code = exit_code(error) if code is None else code
    identity = asdict(run.identity) if run.identity else None
    return {
        "schema": SCHEMA,
        "ok": error is None,
        "exit_code": int(code),
        "outcome": code.name.lower(),
        "run": run.id,
        "command": run.command,
        "tool_version": VERSION,
        "revision": run.conf.revision,
        "environment": run.conf.environment.value,
        "database": identity,
        "started_at": _utc(run.started_at),
        "finished_at": _utc(run.finished_at) if run.finished_at else None,
        "stage": run.stage,
        "plan_id": run.plan_id,
        "plan": [shown.migration(migration) for migration in run.plan],
        "applied": run.applied,
        "retries": run.retries,
        "backup": _backup(run),
        "warnings": [
            {"check": finding.check, "text": finding.text, "remedy": list(finding.remedy)}
            for finding in run.findings
            if finding.grade is Grade.WARN
        ],
        "error": describe_error(error),
    }


def describe_error(error: BaseException | None) -> dict[str, Any] | None:
    """A failure as data."""
    if error is None:
        return None
    if not isinstance(error, SafeMigrateError):
        what = "interrupted" if isinstance(error, KeyboardInterrupt) else repr(error)
        return {"code": "", "what": what, "state": "", "lost": "", "next": [], "docs": ""}
    return {
        "code": error.code,
        "what": error.what,
        "state": error.state,
        "lost": error.lost,
        "next": list(error.next),
        "docs": error.docs,
    }


def _backup(run: Run) -> dict[str, Any] | None:
    if run.backup is None:
        return None
    given = asdict(run.backup)
    given["created_at"] = _utc(run.backup.created_at)
    return given


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_row(run: Run, report: dict[str, Any]) -> None:
    if not run.recorded:
        return
    try:
        control.end_run(
            run.session,
            run.id,
            outcome=report["outcome"],
            exit_code=report["exit_code"],
            backup_id=run.backup.id if run.backup else None,
            report=report,
        )
    except psycopg.Error as error:
        run.progress.note(f"warning: the run's row could not be written ({error})")


def _write_file(run: Run, report: dict[str, Any]) -> None:
    stamp = run.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{store.RUNS}/run-{run.conf.environment.value}-{stamp}-{run.id[:8]}.json"
    try:
        store.write_text(name, json.dumps(report, indent=2) + "\n")
    except Exception as error:  # a bucket raises its own kinds
        run.progress.note(f"warning: the run's file could not be written ({error})")
