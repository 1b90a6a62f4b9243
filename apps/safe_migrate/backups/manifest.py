"""The manifest: the file written last, without which a data file is not a backup. Pure."""

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

SCHEMA = "safe_migrate.manifest/1"
MANIFEST_SUFFIX = ".manifest.json"
VERIFIED_SUFFIX = ".verified.json"
PIN_SUFFIX = ".pin.json"
DUMP = "dump"
RESTORE_POINT = "restore-point"
CUSTOM = "custom"
DIRECTORY = "directory"
_ID = re.compile(r"backup-(?P<environment>[a-z]+)-(?P<stamp>\d{8}T\d{12}Z)", re.ASCII)
_STAMP = "%Y%m%dT%H%M%S%fZ"
_KINDS: dict[type, tuple[str, ...]] = {
    int: ("server_major", "size"),
    str: ("codec", "data", "database", "encryption", "format", "kind", "lsn", "owner", "sha256"),
    dict: ("database_create", "extensions", "fingerprints", "objects", "rows"),
    list: ("database_settings", "migrations", "pending"),
}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds, as it was in the snapshot that it was dumped from. Times are UTC."""

    schema: str
    id: str
    kind: str
    """`dump`, or `restore-point`: a place in the write-ahead log to recover to."""
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
    """pg_dump's --format: custom, or directory; empty for a restore point."""
    codec: str
    """How the data is compressed: zstd:1 over an uncompressed archive, or pg_dump's own gzip:1."""
    encryption: str
    """`age`, or empty."""
    read_back: bool
    """pg_restore read the archive to its end while it was made."""
    data: str
    """Name of the data file beside this one."""
    size: int
    """Bytes of the data file."""
    total_size: int
    """Bytes of all its files."""
    sha256: str
    snapshot: str
    lsn: str
    """Write-ahead log position at the snapshot: what was written after it, a restore loses."""
    owner: str
    database_create: dict[str, str]
    """What CREATE DATABASE must be told: encoding, collate, ctype, provider, locale and so on."""
    database_settings: list[list[str]]
    """[role or "", "name=value"] of ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET."""
    database_acl: list[list[Any]] | None
    """[role or "" for PUBLIC, privilege, grantable]; None for PostgreSQL's own."""
    database_comment: str
    extensions: dict[str, str]
    objects: dict[str, str]
    """Kind and name of each object of the schema → digest of its definition."""
    rows: dict[str, int]
    """Schema-qualified table → exact number of rows."""
    fingerprints: dict[str, str]
    """Schema-qualified table → order-free fingerprint of its rows; empty where not asked for."""
    migrations: list[list[str]]
    """[app, name] of every row in django_migrations."""
    pending: list[str]
    """What the run that made this backup was about to apply."""
    commit: str
    """The deployed revision of the project, where it is known."""
    seal: str = ""
    """Checksum of all the rest, keyed where the project has a MANIFEST_KEY."""


class NotAManifest(ValueError):
    """The text is not a complete manifest of a version that we can read."""


def new_id(environment: str, moment: datetime) -> str:
    """The identifier of a backup made at a moment, unique to the microsecond."""
    return f"backup-{environment}-{moment.astimezone(UTC).strftime(_STAMP)}"


def environment_of(identifier: str) -> str | None:
    """The environment in a backup's identifier, or None where it is not one."""
    parsed = _parse(identifier)
    return parsed[0] if parsed else None


def moment_of(identifier: str) -> datetime:
    """When the backup was begun. Raises ValueError where it is not an identifier."""
    parsed = _parse(identifier)
    if parsed is None:
        raise ValueError(f"{identifier!r} is not the identifier of a backup")
    return parsed[1]


def _parse(identifier: str) -> tuple[str, datetime] | None:
    match = _ID.fullmatch(identifier)
    if not match:
        return None
    try:
        moment = datetime.strptime(match["stamp"], _STAMP)
    except ValueError:
        return None
    return match["environment"], moment.replace(tzinfo=UTC)


def data_name(identifier: str, *, kind: str, codec: str, encryption: str, format: str) -> str:
    """The name of a backup's data file, which says how to read it."""
    if kind == RESTORE_POINT:
        return f"{identifier}.recovery.txt"
    parts = ".parts" if format == DIRECTORY else ""
    compressed = ".zst" if codec.startswith("zstd") and not parts else ""
    return f"{identifier}.dump{parts}{compressed}{'.age' if encryption else ''}"


def folder_name(identifier: str) -> str:
    """The folder of a backup in pg_dump's directory format."""
    return f"{identifier}.dump.d"


def sealed(manifest: Manifest, key: str = "") -> Manifest:
    """The manifest with the checksum of its own content, keyed (HMAC) where there is a key."""
    return replace(manifest, seal=seal_of(asdict(manifest), key))


def seal_of(content: dict[str, Any], key: str) -> str:
    """Checksum of a JSON object without its own `seal`, keyed (HMAC) where there is a key."""
    rest = {name: value for name, value in content.items() if name != "seal"}
    text = json.dumps(rest, sort_keys=True).encode()
    if key:
        return f"hmac-sha256:{hmac.new(key.encode(), text, hashlib.sha256).hexdigest()}"
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def to_json(manifest: Manifest) -> str:
    """The file's text."""
    return json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n"


def from_json(text: str, key: str = "") -> Manifest:
    """Raises NotAManifest for anything but a whole manifest of this version with its own seal.

    Keys that a later minor version added are ignored; none of ours may be missing, and nothing may
    have been changed since it was sealed.
    """
    try:
        given = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotAManifest(f"not JSON: {error}") from None
    if not isinstance(given, dict) or given.get("schema") != SCHEMA:
        raise NotAManifest(f"not of the schema {SCHEMA}")
    known = Manifest.__dataclass_fields__
    if missing := sorted(known.keys() - given.keys()):
        raise NotAManifest(f"incomplete: {', '.join(missing)} missing")
    if not hmac.compare_digest(seal_of(given, key).encode(), str(given["seal"]).encode()):
        raise NotAManifest("its seal is not that of its content")
    manifest = Manifest(**{name: given[name] for name in known})
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    """What the code relies on, should a sealed manifest still be another program's."""
    for kind, names in _KINDS.items():
        for name in names:
            if not isinstance(getattr(manifest, name), kind):
                raise NotAManifest(f"{name} is not {kind.__name__}")
    if environment_of(manifest.id) != manifest.environment:
        raise NotAManifest(f"{manifest.id!r} is not an identifier of {manifest.environment}")
    # The name comes from a file that others may have written: never a path.
    expected = data_name(
        manifest.id,
        kind=manifest.kind,
        codec=manifest.codec,
        encryption=manifest.encryption,
        format=manifest.format,
    )
    if manifest.data != expected:
        raise NotAManifest(f"{manifest.data!r} is not the data file of {manifest.id}")
