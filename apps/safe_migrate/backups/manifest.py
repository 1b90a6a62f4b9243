"""The manifest: the file written last, without which a data file is not a backup. Pure."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

SCHEMA = "safe_migrate.manifest/1"
DATA_SUFFIX = ".dump"
MANIFEST_SUFFIX = ".manifest.json"
VERIFIED_SUFFIX = ".verified.json"
_ID = re.compile(r"backup-(?P<environment>[a-z]+)-(?P<stamp>\d{8}T\d{12}Z)")
_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds, as it was in the snapshot that it was dumped from. Times are UTC."""

    schema: str
    id: str
    environment: str
    created_at: str
    alias: str
    database: str
    system_identifier: str
    server_version: str
    server_major: int
    pg_dump_version: str
    tool_version: str
    format: str
    """pg_dump's --format."""
    codec: str
    data: str
    """Name of the data file beside this one."""
    size: int
    """Bytes of the data file."""
    sha256: str
    snapshot: str
    lsn: str
    """Write-ahead log position at the snapshot: what was written after it, a restore loses."""
    encoding: str
    collation: str
    owner: str
    extensions: dict[str, str]
    database_settings: list[str]
    database_acl: str
    rows: dict[str, int]
    """Schema-qualified table → exact number of rows."""
    migrations: list[list[str]]
    """[app, name] of every row in django_migrations."""
    pending: list[str]
    """What the run that made this backup was about to apply."""
    commit: str
    """The deployed revision of the project, where it is known."""


class NotAManifest(ValueError):
    """The text is not a complete manifest of a version that we can read."""


def new_id(environment: str, moment: datetime) -> str:
    """The identifier of a backup made at a moment, unique to the microsecond."""
    return f"backup-{environment}-{moment.astimezone(UTC).strftime(_STAMP)}"


def environment_of(identifier: str) -> str | None:
    """The environment in a backup's identifier, or None where it is not one."""
    match = _ID.fullmatch(identifier)
    return match["environment"] if match else None


def moment_of(identifier: str) -> datetime:
    """When the backup was begun. Raises ValueError where it is not an identifier."""
    match = _ID.fullmatch(identifier)
    if not match:
        raise ValueError(f"{identifier!r} is not the identifier of a backup")
    return datetime.strptime(match["stamp"], _STAMP).replace(tzinfo=UTC)


def to_json(manifest: Manifest) -> str:
    """The file's text."""
    return json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n"


def from_json(text: str) -> Manifest:
    """Raises NotAManifest for anything but a whole manifest of this version.

    Keys that a later minor version added are ignored; none of ours may be missing.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotAManifest(f"not JSON: {error}") from None
    if not isinstance(given, dict) or given.get("schema") != SCHEMA:
        raise NotAManifest(f"not of the schema {SCHEMA}")
    known = Manifest.__dataclass_fields__
    missing = sorted(known.keys() - given.keys())
    if missing:
        raise NotAManifest(f"incomplete: {', '.join(missing)} missing")
    manifest = Manifest(**{name: given[name] for name in known})
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    kinds: list[tuple[str, Any]] = [("size", int), ("rows", dict), ("data", str), ("sha256", str)]
    for name, kind in kinds:
        if not isinstance(getattr(manifest, name), kind):
            raise NotAManifest(f"{name} is not {kind.__name__}")
    if environment_of(manifest.id) != manifest.environment:
        raise NotAManifest(f"{manifest.id!r} is not an identifier of {manifest.environment}")
    # The name comes from a file that others may have written: never a path.
    if manifest.data != manifest.id + DATA_SUFFIX:
        raise NotAManifest(f"{manifest.data!r} is not the data file of {manifest.id}")
