"""An S3 bucket that errs, hangs, and loses or changes what it was given."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.faults import bucket_server, setting
from tests.faults.bucket_server import Rule
from tests.faults.fault import Act, Fault
from tests.faults.runner import NotInjected, Trial

NAME = "S3"
BACKEND = "storages.backends.s3.S3Storage"
OPTIONS = """{{
    "bucket_name": {bucket!r}, "endpoint_url": "http://127.0.0.1:{port}",
    "region_name": "us-east-1", "access_key": "project", "secret_key": {secret!r},
    "file_overwrite": False, "client_config": __import__("botocore.config").config.Config(
        connect_timeout=1, read_timeout=1.5, retries={{"max_attempts": 0}},
        s3={{"addressing_style": "path"}})
}}"""
WHAT = {
    "data": (".dump.zst", ".psql", ".psql.bin"),
    "manifest": (".manifest.json", ".metadata"),
    "record": (".verified.json",),
    "anything": (),
}
UPLOADS = (
    *(("PUT", "data", action) for action in ("500", "503", "403", "close", "hang")),
    *(("PUT", "data", action) for action in ("shorten", "alter", "swallow")),
    *(("PUT", "manifest", action) for action in ("500", "close", "hang", "shorten", "swallow")),
    ("PUT", "record", "500"),
    *(("HEAD", "data", action) for action in ("500", "hang")),
    *(("GET", "data", action) for action in ("500", "cut", "flip", "stall", "close")),
    ("GET", "manifest", "cut"),
    ("LIST", "anything", "500"),
    ("*", "anything", "403"),
    ("*", "anything", "hang"),
)
MIGRATIONS = (("PUT", "data", "500"), ("PUT", "data", "shorten"), ("GET", "data", "flip"))
DOWNLOADS = (
    *(("GET", "data", action) for action in ("500", "cut", "flip", "stall", "close")),
    *(("GET", "manifest", action) for action in ("500", "cut", "flip")),
)


@contextmanager
def bucket(trial: Trial, rule: tuple[str, str, str]) -> Iterator[None]:
    """The subject's storage is a bucket, and the struck command meets one that misbehaves."""
    subject = trial.subject
    name = f"{subject.name}-{trial.number}"
    behind = subject.world.buckets()
    s3 = bucket_server.client(behind.port)
    s3.create_bucket(Bucket=name)
    for path in subject.backups.iterdir() if subject.backups.is_dir() else ():
        if path.is_file():
            s3.upload_file(str(path), name, path.name)
    secret = subject.secrets["bucket's key"]
    before = subject.forks.before

    def storage(port: int) -> str:
        options = OPTIONS.format(bucket=name, port=port, secret=secret)
        return setting.STORAGE.format(backend=BACKEND, options=options)

    method, what, action = rule
    struck = Rule(method, WHAT[what], action)
    with behind.misbehaving(struck) as port:
        subject.forks.before = lambda: before() + storage(behind.port)
        trial.preludes.append(storage(port))

        def lift() -> None:
            struck.times = 0
            _copy_here(s3, name, trial)

        trial.lift = lift
        try:
            yield
        finally:
            subject.forks.before = before
    if not struck.met:
        raise NotInjected("no such request is made")


def _copy_here(s3: Any, name: str, trial: Trial) -> None:
    """What is in the bucket now, as files that can be looked at."""
    trial.subject.empty()
    trial.subject.backups.mkdir(mode=0o700)
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        if "/" not in item["Key"]:
            s3.download_file(name, item["Key"], str(trial.path(item["Key"])))


def faults() -> Iterator[Fault]:
    """While a backup goes up, and while one is fetched."""
    for acts, act, command in (
        (UPLOADS, Act.MAKING, "create"),
        (MIGRATIONS, Act.MAKING, "migrate"),
        (DOWNLOADS, Act.RESTORING, "create"),
    ):
        for rule in acts:
            method, what, action = rule
            doing = "restore" if act is Act.RESTORING else command
            yield Fault(
                family=NAME,
                name=f"{method} of {what}: {action}, {doing}",
                act=act,
                inject=partial(bucket, rule=rule),
                command=command,
                only=("ours",) if what == "record" else (),
            )
