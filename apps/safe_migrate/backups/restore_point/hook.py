"""BACKUP_HOOK: the program that answers for an archive we cannot look into (docs/point-in-time.md).

Asked after the restore point is archived; it names the newest base backup and the way to fetch it.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from safe_migrate.errors import BackupFailed
from safe_migrate.postgres import hook

AGAIN = "python manage.py safe_migrate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the program said."""

    base_backup: str
    finished_at: datetime
    restore_command: str
    """Empty where SAFE_MIGRATE["RESTORE_COMMAND"] or `recover` sees to it."""
    recover: tuple[str, ...]
    """Lines of shell that put the base backup into "$SIDE"; empty for none."""


class NotAnAnswer(ValueError):
    """What is wrong with what the program wrote."""


def ask(
    arguments: Iterable[str],
    variables: Mapping[str, str],
    *,
    secrets: Iterable[str],
    timeout_seconds: float,
) -> Answer:
    """Run the program and read its answer. Raises BackupFailed (SM-B608, SM-B609)."""
    given = list(arguments)
    program = shlex.quote(given[0])
    hidden = list(secrets)
    try:
        ended = hook.ask(given, variables, secrets=hidden, timeout_seconds=timeout_seconds)
    except OSError as error:
        raise BackupFailed(
            "SM-B608",
            f"BACKUP_HOOK {program} could not be run: {error.strerror}.",
            next=("Correct SAFE_MIGRATE['BACKUP_HOOK'].", AGAIN),
        ) from error
    if ended.timed_out or ended.code != 0:
        how = f"was stopped after {timeout_seconds:.0f} s" if ended.timed_out else _how(ended.code)
        raise BackupFailed(
            "SM-B608",
            f"BACKUP_HOOK {program} {how}: {ended.said or 'it said nothing'}",
            next=("Mend what it says.", AGAIN),
        )
    try:
        return parse(ended.out)
    except NotAnAnswer as error:
        said = hook.blotted(" ".join(ended.out.split())[:200], hidden) or "nothing"
        raise BackupFailed(
            "SM-B609",
            f"BACKUP_HOOK {program} did not answer as it must: {error}. It wrote: {said}",
            next=("Mend the program: docs/point-in-time.md#the-hook", AGAIN),
        ) from error


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"


def parse(out: str) -> Answer:
    """The answer in one line of JSON. Raises NotAnAnswer. Pure."""
    lines = out.strip().splitlines()
    if len(lines) != 1:
        raise NotAnAnswer(f"{len(lines)} lines where one of JSON is expected")
    try:
        given = json.loads(lines[0])
    except (ValueError, RecursionError):
        raise NotAnAnswer("not JSON") from None
    if not isinstance(given, dict):
        raise NotAnAnswer("not a JSON object")
    return Answer(
        base_backup=_text(given, "base_backup", required=True),
        finished_at=_moment(_text(given, "finished_at", required=True)),
        restore_command=_text(given, "restore_command"),
        recover=_lines(given.get("recover") or []),
    )


def _text(given: dict[str, Any], key: str, *, required: bool = False) -> str:
    value = given.get(key) or ""
    if not isinstance(value, str) or not value.isprintable():
        raise NotAnAnswer(f"{key} is not text on one line")
    if required and not value:
        raise NotAnAnswer(f"{key} is missing")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAnAnswer(f"finished_at is {text!r}, not a time as in ISO 8601") from None
    if moment.tzinfo is None:
        raise NotAnAnswer(f"finished_at is {text!r}, without its offset from UTC")
    return moment


def _lines(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(line, str) and line.isprintable() for line in value
    ):
        raise NotAnAnswer("recover is not a list of lines")
    return tuple(value)
