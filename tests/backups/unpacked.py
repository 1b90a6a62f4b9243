"""A stored backup as pg_dump wrote it, by another way than the tool's own."""

import io
from pathlib import Path

import zstandard


def unpacked(path: Path) -> bytes:
    """The archive in a `.dump.zst`."""
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())) as reader:
        return reader.read()
