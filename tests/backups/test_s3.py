"""Backups in an S3 bucket, through django-storages, against moto's server: in parts, and back."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from safe_migrate.backups import manifest as manifests
from tests.projects import Project, wait_until
from tests.servers import Server

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
PART = 8 << 20
"""boto3's own size for the parts of an upload whose length it does not know."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """moto's server, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers, "moto's server")
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def bucket(endpoint: str, database: str) -> Any:
    """An empty bucket."""
    s3 = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    return s3.create_bucket(Bucket=database.replace("_", "-"))


@pytest.fixture
def uploading(shop: Project, bucket: Any, endpoint: str, tmp_path: Path) -> Project:
    """The shop in its staging configuration, with the bucket for its backups."""
    (tmp_path / "temporary").mkdir()
    shop.variables |= CREDENTIALS | {
        "BACKUP_S3_BUCKET": bucket.name,
        "BACKUP_S3_PREFIX": "some/where",
        "BACKUP_S3_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "TMPDIR": str(tmp_path / "temporary"),
    }
    return shop


def keys(bucket: Any) -> dict[str, int]:
    """Name below the prefix → bytes."""
    return {o.key.removeprefix("some/where/"): o.size for o in bucket.objects.all()}


def test_there_and_back(
    uploading: Project, bucket: Any, server: Server, database: str, tmp_path: Path
) -> None:
    """More than two parts of an upload, verified, listed, restored from; no copy on our disk."""
    server.query(
        database,
        "CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(format('%s %s', i, j)), '')"
        " FROM generate_series(1, 100) j) AS t FROM generate_series(1, 14000) i",
    )
    report = uploading.ok("safe_migrate", "--noinput", "--format", "json").document
    identifier = report["backup"]["id"]
    found = keys(bucket)
    assert found[f"{identifier}.dump.zst"] == report["backup"]["size"] > 2 * PART
    assert {f"{identifier}.manifest.json", f"{identifier}.verified.json"} <= found.keys()
    assert list((tmp_path / "temporary").iterdir()) == []

    verified = uploading.ok("safe_backup", "verify", "--latest", "--level", "restored")
    assert verified.out.split() == ["ok", identifier, "restored"]
    listed = uploading.ok("safe_backup", "list", "--format", "json").document["backups"]
    assert [(b["id"], b["level"]) for b in listed] == [(identifier, "restored")]
    assert list((tmp_path / "temporary").iterdir()) == []

    server.query(database, "DELETE FROM noise")
    uploading.ok("safe_backup", "restore", identifier, "--noinput", "--confirm", database)
    assert server.query(database, "SELECT count(*) FROM noise") == [(14000,)]
    kept = server.query(
        "postgres", "SELECT datname FROM pg_database WHERE datname LIKE %s", f"{database}__old%"
    )
    for (name,) in kept:
        server.query("postgres", f'DROP DATABASE "{name}"')


def test_what_another_wrote_over_is_not_accepted(uploading: Project, bucket: Any) -> None:
    report = uploading.ok("safe_migrate", "--noinput", "--format", "json").document
    identifier = report["backup"]["id"]
    stored = bucket.Object(f"some/where/{identifier}.dump.zst")
    whole = stored.get()["Body"].read()
    stored.put(Body=whole[:-1] + bytes([whole[-1] ^ 1]))
    result = uploading.run("safe_backup", "verify", identifier)
    assert result.code == 8
    assert "SM-B301" in result.out
    assert "FAIL" in result.out
    stored.put(Body=whole[:-1])
    assert uploading.ok("safe_backup", "list").out.strip() == "There is no backup."
    assert uploading.run("safe_backup", "verify", identifier).code == 2


def test_the_manifest_is_never_overwritten(uploading: Project, bucket: Any) -> None:
    """Two machines whose clocks agree to the microsecond: the later one finds the name taken."""
    report = uploading.ok("safe_migrate", "--noinput", "--format", "json").document
    manifest = bucket.Object(f"some/where/{report['backup']['manifest']}")
    text = manifest.get()["Body"].read().decode()
    uploading.ok("safe_backup", "create")
    assert manifest.get()["Body"].read().decode() == text
    names = [name for name in keys(bucket) if name.endswith(".manifest.json")]
    assert len(names) == 2
    assert manifests.from_json(text).sha256 == json.loads(text)["sha256"]
