"""A run's result for people and for programs: one description, two forms."""

from typing import Any

from django.apps import apps

from seeding import anatomy
from seeding.plan import Action, Item
from seeding.run import Run
from seeding.way import row_by_row

SCHEMA = "seeding.run/1"
_DONE = {
    Action.LOAD: "loaded",
    Action.SKIP: "unchanged",
    Action.KEEP: "kept",
    Action.REFUSE: "refused",
}


def describe(run: Run) -> dict[str, Any]:
    """The run as data, by the schema seeding.run/1."""
    rows: dict[str, int] = {}
    for tables in run.loaded.values():
        for table, count in tables.items():
            rows[_label(table)] = rows.get(_label(table), 0) + count
    return {
        "schema": SCHEMA,
        "ok": True,
        "exit_code": 0,
        "run": run.id,
        "environment": run.tool.environment.value,
        "database": run.database,
        "planned_only": run.options.looking,
        "random_seed": run.conf.random_seed,
        "emptied": [{"table": table, "rows": rows} for table, rows in run.plan.empties.items()],
        "seeds": [_item(run, item) for item in run.plan.items],
        "rows": rows,
        "seconds": round(run.seconds, 3),
        "error": None,
    }


def _label(table: str) -> str:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table and not model._meta.proxy:
            return model._meta.label
    return table


def _item(run: Run, item: Item) -> dict[str, Any]:
    loaded = run.loaded.get(item.name, {})
    return {
        "name": item.name,
        "kind": item.kind.value,
        "state": item.state.value,
        "action": item.action.value,
        "scale": item.scale,
        "rows": {_label(table): count for table, count in loaded.items()},
        "parts": _parts(item),
    }


def _parts(item: Item) -> list[dict[str, Any]]:
    if item.seed is None:
        return []
    bulks = [
        {
            "model": anatomy.model_of(bulk.factory)._meta.label,
            "factory": bulk.factory.__qualname__,
            "count": bulk.count,
            "per": [bulk.per[0], bulk.per[1].minimum, bulk.per[1].maximum] if bulk.per else None,
            "row_by_row": row_by_row(bulk),
        }
        for bulk in item.seed.bulks
    ]
    named = [
        {
            "model": anatomy.model_of(row.factory)._meta.label,
            "factory": row.factory.__qualname__,
            "count": 1,
            "per": None,
            "row_by_row": "it is known by name",
        }
        for row in item.seed.named
    ]
    return bulks + named


def render(report: dict[str, Any]) -> str:
    """Text, readable at 80 columns."""
    return _plan(report) if report["planned_only"] else _result(report)


def _plan(report: dict[str, Any]) -> str:
    lines = [_heading(report), *_emptied(report, "Would be deleted first")]
    for seed in report["seeds"]:
        lines.append(f"{seed['action']:<8}{seed['name']} ({seed['kind']}, {seed['state']})")
        for part in seed["parts"]:
            why = f", row by row: {part['row_by_row']}" if part["row_by_row"] else ""
            lines.append(f"{'':<10}{_amount(part):>12}  {part['model']}{why}")
    if any(seed["action"] == Action.REFUSE for seed in report["seeds"]):
        lines += ["", "Changed since loaded: needs --fresh (load anew) or --keep (as it is)."]
    return "\n".join(lines)


def _amount(part: dict[str, Any]) -> str:
    if part["per"]:
        field, minimum, maximum = part["per"]
        return f"{minimum} to {maximum} per {field}"
    return f"{part['count']:,}"


def _result(report: dict[str, Any]) -> str:
    lines = [_heading(report), *_emptied(report, "Deleted first")]
    if not any(seed["action"] in (Action.LOAD, Action.KEEP) for seed in report["seeds"]):
        count = len(report["seeds"])
        lines.append(f"Nothing to do: {count} seeds are loaded and unchanged.")
        return "\n".join(lines)
    for seed in report["seeds"]:
        count = sum(seed["rows"].values())
        shown = f"{count:>12,}" if seed["action"] == Action.LOAD else f"{'':>12}"
        lines.append(f"{_DONE[Action(seed['action'])]:<10}{shown}  {seed['name']}")
    total = sum(report["rows"].values())
    if not total:
        return "\n".join(lines)
    rate = total / max(report["seconds"], 0.001)
    lines += ["", *(f"{count:>22,}  {label}" for label, count in sorted(report["rows"].items()))]
    lines.append(f"{total:>22,}  rows in {report['seconds']:.1f} s ({rate:,.0f} rows/s)")
    return "\n".join(lines)


def _heading(report: dict[str, Any]) -> str:
    return f"{report['environment']}: {report['database']}"


def _emptied(report: dict[str, Any], label: str) -> list[str]:
    if not report["emptied"]:
        return []
    rows = [f"{entry['rows']:>22,}  {entry['table']}" for entry in report["emptied"]]
    return [f"{label}:", *rows, ""]
