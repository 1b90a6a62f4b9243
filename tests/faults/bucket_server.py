"""An S3 server on loopback (moto's), and one in front of it that misbehaves when it is told to."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

from tests.projects import wait_until

HANG_SECONDS = 4.0
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "expect"}


@dataclass
class Rule:
    """What happens to a request; the first one that fits, for as often as it says."""

    method: str
    """GET, PUT, HEAD, POST, DELETE, or LIST for a GET of the bucket itself; * for any."""
    ends: tuple[str, ...]
    """How the key ends; none for any key."""
    action: str
    times: int = 1000
    met: int = field(default=0, init=False)

    def fits(self, method: str, path: str) -> bool:
        """Whether this request is meant; one that is counts."""
        key = path.partition("?")[0]
        if method == "GET" and key.count("/") <= 1 + key.endswith("/"):
            method = "LIST"
        fits = self.method in ("*", method) and (not self.ends or key.endswith(self.ends))
        fits = fits and self.met < self.times
        self.met += fits
        return fits


class Proxy(ThreadingHTTPServer):
    """In front of the real server; `rules` may change at any time."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.rules: list[Rule] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news here."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""

    def handle_any(self) -> None:
        """Pass on, or do as the rule says."""
        body = self._body()
        fitting = (rule for rule in self.server.rules if rule.fits(self.command, self.path))
        rule = next(fitting, None)
        action = rule.action if rule else ""
        if action in ("500", "503", "403"):
            self._answer(int(action), [], b"")
        elif action == "hang":
            time.sleep(HANG_SECONDS)
            self.close_connection = True
        elif action == "close":
            self.close_connection = True
        else:
            status, headers, answer = self._pass_on(body)
            self._afterwards(action)
            self._spoil(action, status, headers, answer)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815 (http.server's)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            found = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        behind.request(self.command, self.path, body, {**kept, "Content-Length": str(len(body))})
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        return answer.status, answer.getheaders(), content

    def _afterwards(self, action: str) -> None:
        """What the bucket loses or changes behind everybody's back."""
        _, bucket, key = self.path.partition("?")[0].split("/", 2) if action else ("", "", "")
        s3 = client(self.server.behind)
        if action == "swallow":
            s3.delete_object(Bucket=bucket, Key=key)
        elif action in ("shorten", "alter"):
            content = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            if action == "shorten":
                del content[len(content) // 2 :]
            else:
                content[len(content) // 2] ^= 1
            s3.put_object(Bucket=bucket, Key=key, Body=bytes(content))

    def _spoil(
        self, action: str, status: int, headers: list[tuple[str, str]], answer: bytes
    ) -> None:
        """The answer, perhaps not as it was."""
        size = len(answer)
        if action == "flip":
            spoilt = bytearray(answer)
            spoilt[len(answer) // 2] ^= 1
            answer = bytes(spoilt)
        elif action in ("cut", "stall"):
            answer = answer[: size // 2]
        self._answer(status, headers, answer, size)
        if action == "stall":
            self.wfile.flush()
            time.sleep(HANG_SECONDS)
        if action in ("cut", "stall"):
            self.close_connection = True

    def _answer(
        self, status: int, headers: list[tuple[str, str]], answer: bytes, size: int = 0
    ) -> None:
        self.send_response_only(status)
        told = {k: v for k, v in headers if k.lower() not in HOP_BY_HOP}
        if self.command == "HEAD":
            told |= {k: v for k, v in headers if k.lower() == "content-length"}
        else:
            told["Content-Length"] = str(size)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)


@dataclass(frozen=True)
class Buckets:
    """The real server, and a way to one that misbehaves."""

    port: int

    @contextmanager
    def misbehaving(self, *rules: Rule) -> Iterator[int]:
        """The port of a server that obeys these rules, in front of the real one."""
        proxy = Proxy(self.port)
        proxy.rules = list(rules)
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield proxy.server_port
        finally:
            proxy.shutdown()
            proxy.server_close()


def client(port: int) -> Any:
    """boto3's, to the real server."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="harness",
        aws_secret_access_key="harness",
    )


@contextmanager
def running() -> Iterator[Buckets]:
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
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        wait_until(answers, "moto's server", 60)
        yield Buckets(port)
    finally:
        process.kill()
        process.wait()
