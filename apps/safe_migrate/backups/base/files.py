"""A base backup's files against its own backup_manifest: each there, whole, and none beside them.

As pg_verifybackup does, which was seen to crash, and which rejects a newer server's manifest.
Format: PostgreSQL manual, chapter 69 "Backup Manifest Format".
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "backup_manifest"
# What a server or an administrator may add or change, as pg_verifybackup leaves it out.
UNLISTED = {MANIFEST, "postgresql.auto.conf", "recovery.signal", "standby.signal", "pg_wal"}


class Damaged(ValueError):
    """The folder is not what pg_basebackup made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What was read and found right."""

    files: int
    size: int
    """Bytes of all files, the log's among them."""
    sha256: str
    """Of the backup_manifest, which has the checksums of the rest."""


def verify(folder: Path) -> Verified:
    """Read every byte. Raises Damaged with the first file that is wrong, OSError."""
    text = (folder / MANIFEST).read_bytes()
    files, ranges = parse(text)
    size = 0
    for name, expected in files.items():
        size += _verify_file(folder, name, expected)
    listed = set(files)
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.split("/")[0] not in UNLISTED and name not in listed:
            raise Damaged(f"{name} is not in its {MANIFEST}")
    _verify_log(folder / "pg_wal", ranges)
    size += sum(path.stat().st_size for path in (folder / "pg_wal").iterdir() if path.is_file())
    return Verified(files=len(files), size=size, sha256=hashlib.sha256(text).hexdigest())


def parse(text: bytes) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Files by name, and the ranges of the log that they need. Raises Damaged. Pure.

    The last line holds the SHA-256 of all before it.
    """
    body = text[: text.rstrip(b"\n").rfind(b"\n") + 1]
    try:
        given = json.loads(text)
        if hashlib.sha256(body).hexdigest() != given["Manifest-Checksum"]:
            raise Damaged(f"its {MANIFEST} does not have its own checksum")
        return {_name(file): file for file in given["Files"]}, given["WAL-Ranges"]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged(f"its {MANIFEST} is incomplete ({error})") from error


def _name(file: dict[str, Any]) -> str:
    if "Path" in file:
        return str(file["Path"])
    return bytes.fromhex(file["Encoded-Path"]).decode(errors="surrogateescape")


def _verify_file(folder: Path, name: str, expected: dict[str, Any]) -> int:
    path = folder / name
    if not path.is_file() or path.is_symlink():
        raise Damaged(f"{name} is missing")
    if expected.get("Checksum-Algorithm") != "SHA256":
        raise Damaged(f"{name} has no SHA-256 in its {MANIFEST}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    if size != expected["Size"] or found != expected["Checksum"]:
        raise Damaged(f"{name} is not what was copied")
    return size


def _verify_log(folder: Path, ranges: list[dict[str, Any]]) -> None:
    """The log that makes the copy consistent was streamed into it."""
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    segment_size = max((size for name, size in sizes.items() if len(name) == 24), default=0)
    if not segment_size:
        raise Damaged("pg_wal is empty")
    for given in ranges:
        start, end = _position(given["Start-LSN"]), _position(given["End-LSN"])
        for number in range(start // segment_size, (end - 1) // segment_size + 1):
            per_log = (1 << 32) // segment_size
            name = f"{given['Timeline']:08X}{number // per_log:08X}{number % per_log:08X}"
            if sizes.get(name) != segment_size:
                raise Damaged(f"pg_wal/{name} is missing or cut off")


def _position(lsn: str) -> int:
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
