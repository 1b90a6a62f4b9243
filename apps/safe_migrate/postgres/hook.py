"""A project's own program, asked about its archive: run in bounds and without secrets."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from safe_migrate.postgres.tools import child_environment

GRACE_SECONDS = 5
SECRET_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """How the program ended and what it wrote."""

    code: int
    """The exit code; negative is the signal that killed it."""
    out: str
    said: str
    """The last line it wrote to stderr, without secrets; empty for none."""
    timed_out: bool


def ask(
    arguments: list[str],
    variables: Mapping[str, str],
    *,
    secrets: Iterable[str],
    timeout_seconds: float,
) -> Answer:
    """Run it to its end with `variables` beside our own environment.

    A variable that holds one of the `secrets` is left out. It has no stdin; it and what it started
    are killed after the time. Raises OSError where it cannot be run.
    """
    hidden = [secret for secret in secrets if secret]
    kept = {k: v for k, v in child_environment({}).items() if not any(holds(v, s) for s in hidden)}
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**kept, **variables},
        # A group of its own, so that what a script has started ends with it.
        start_new_session=True,
    ) as process:
        timed_out = False
        try:
            out, err = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            _kill(process)
            out, err = _rest(process)
        except BaseException:
            _kill(process)
            raise
    lines = err.decode(errors="replace").strip().splitlines()
    said = blotted(lines[-1], hidden) if lines else ""
    return Answer(process.returncode, out.decode(errors="replace"), said, timed_out)


def holds(value: str, secret: str) -> bool:
    """Whether a variable's value is the secret or a URL with it. Pure.

    Not merely contains it: who has `postgres` for a password would lose PATH.
    """
    return value == secret or any(f":{form}@" in value for form in (secret, quote(secret, safe="")))


def blotted(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets; short ones are words and stay. Pure."""
    for secret in secrets:
        if len(secret) >= SECRET_LENGTH:
            text = text.replace(secret, "***")
    return text


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _rest(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """What it had written; a descendant that left the group may still hold the pipes."""
    try:
        return process.communicate(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        return b"", b""
