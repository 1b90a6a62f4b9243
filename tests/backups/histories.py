"""Backups of other days, environments and databases, made from a real one of today."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from safe_migrate.backups import manifest as manifests
from safe_migrate.backups.manifest import Manifest


def real(backups: Path, identifier: str = "*") -> Manifest:
    """This backup, or the only one in the folder."""
    [path] = backups.glob(f"{identifier}.manifest.json")
    return manifests.from_json(path.read_text())


def copied(
    backups: Path, original: Manifest, age: timedelta, *, level: str = "readable", **changes: Any
) -> str:
    """The same backup as if made so long ago; unverified where the level is empty."""
    moment = datetime.now(UTC) - age
    identifier = manifests.new_id(changes.get("environment", original.environment), moment)
    data = original.data.replace(original.id, identifier)
    own = {"id": identifier, "data": data, "created_at": moment.isoformat(), **changes}
    manifest = manifests.sealed(replace(original, **own))
    (backups / data).write_bytes((backups / original.data).read_bytes())
    (backups / (identifier + manifests.MANIFEST_SUFFIX)).write_text(manifests.to_json(manifest))
    if level:
        at = "2026-01-01T00:00:00Z"
        levels = {level: at}
        record = {"level": level, "at": at, "levels": levels, "sha256": manifest.sha256}
        record["seal"] = manifests.seal_of(record, "")
        (backups / (identifier + manifests.VERIFIED_SUFFIX)).write_text(json.dumps(record))
    return identifier


def identifiers(backups: Path) -> set[str]:
    """Whatever has a file in the folder."""
    return {path.name.partition(".")[0] for path in backups.glob("backup-*")}
