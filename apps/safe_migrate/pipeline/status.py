"""Where a database stands: what is applied, what is not, what ran last, how old the backup is."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from safe_migrate.backups import freshness
from safe_migrate.errors import BackupFailed, Exit
from safe_migrate.pipeline import graph, record
from safe_migrate.pipeline.preflight import history
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import control, locks

SCHEMA = "safe_migrate.status/1"


def collect(run: Run, *, history_limit: int = 0) -> dict[str, Any]:
    """The status as data, by the schema safe_migrate.status/1. Writes nothing.

    Needs the run's session. Raises UsageError for an unknown app.
    """
    graph.resolve(run)
    stamp = control.read_stamp(run.session)
    runs = _recent(run, max(history_limit, 20))
    failed = [r for r in runs if r["outcome"] not in ("done", "running")]
    return {
        "schema": SCHEMA,
        "ok": True,
        "exit_code": int(Exit.PENDING if run.pending else Exit.DONE),
        "environment": run.conf.environment.value,
        "stamp": stamp.environment.value if stamp else None,
        "database": run.session.info.dbname,
        "host": f"{run.session.info.host}:{run.session.info.port}",
        "migrations": _migrations(run),
        "pending": [f"{m.app_label}.{m.name}" for m, _ in run.pending],
        "edited": history.edited_migrations(run, graph.load(run).loader),
        "last_run": _run(runs[0]) if runs else None,
        "last_failed": _run(failed[0]) if failed else None,
        "history": [_run(r) for r in runs[:history_limit]],
        "last_verified_backup": None,
        "storage_error": None,
        "backup_problem": None,
    } | _backups(run)


def _migrations(run: Run) -> dict[str, list[dict[str, Any]]]:
    """App → its migrations in the graph's order."""
    loader = graph.load(run).loader
    applied = loader.applied_migrations
    listed: dict[str, list[dict[str, Any]]] = {}
    labels = [run.options.app_label] if run.options.app_label else sorted(loader.migrated_apps)
    for label in labels:
        for leaf in loader.graph.leaf_nodes(label):
            for key in loader.graph.forwards_plan(leaf):
                known = listed.setdefault(label, [])
                if key[0] == label and key[1] not in [entry["name"] for entry in known]:
                    known.append({"name": key[1], "applied": key in applied})
    return listed


def _recent(run: Run, limit: int) -> list[dict[str, Any]]:
    """The newest runs; one that is not under way any more was cut off, or rewound by a restore."""
    runs = control.recent_runs(run.session, limit)
    if locks.find_holder(run.session) is None:
        for row in runs:
            row["outcome"] = "cut off" if row["outcome"] == "running" else row["outcome"]
    return runs


def _run(row: dict[str, Any]) -> dict[str, Any]:
    error = (row["report"] or {}).get("error") or {}
    return {
        "id": row["id"],
        "command": row["command"],
        "started_at": _utc(row["started_at"]),
        "finished_at": _utc(row["finished_at"]),
        "outcome": row["outcome"],
        "exit_code": row["exit_code"],
        "backup": row["backup_id"],
        "applied": (row["report"] or {}).get("applied", []),
        "error": error.get("code") or None,
    }


def _utc(moment: datetime | None) -> str | None:
    return f"{moment.isoformat(timespec='seconds')}Z" if moment else None


def _backups(run: Run) -> dict[str, Any]:
    try:
        return {"last_verified_backup": _last_verified(run)}
    except (
        Exception
    ) as error:  # each kind of bucket raises its own; the rest is still worth telling
        return {"storage_error": f"{type(error).__name__}: {error}"}


def _last_verified(run: Run) -> dict[str, Any] | None:
    found = freshness.newest(run.conf.environment.value, run.session.info.dbname)
    return {**asdict(found), "age_seconds": round(found.age_seconds)} if found else None


def require_backup(found: dict[str, Any], max_age_seconds: float) -> BackupFailed | None:
    """Whether a collected status has a verified backup that young; where not, it says so.

    Returns the failure (SM-B502) that now also stands in the status, to be shown.
    """
    backup = found["last_verified_backup"]
    if found["storage_error"]:
        error: BackupFailed | None = freshness.too_old(
            f"The age of the newest verified backup of {found['database']!r} is not known: the "
            f"storage cannot be read ({found['storage_error']})."
        )
    else:
        newest = freshness.Verified(**backup) if backup else None
        error = freshness.problem(newest, repr(found["database"]), max_age_seconds)
    if error is not None:
        problem = record.describe_error(error)
        found |= {"ok": False, "exit_code": int(error.exit), "backup_problem": problem}
    return error
