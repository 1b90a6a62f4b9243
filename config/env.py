"""The only reader of os.environ: every variable of .env.example, typed, refused when malformed."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
SETTINGS = "DJANGO_SETTINGS_MODULE"

_env = environ.Env()


def known_environments() -> list[str]:
    """Names of the settings modules that stand for an environment."""
    modules = (ROOT / "config" / "settings").glob("[a-z]*.py")
    return sorted(path.stem for path in modules if path.stem != "base")


def choose_settings(argv: Sequence[str]) -> list[str]:
    """Take `--env NAME` or `--env=NAME` out of argv, as the settings module of any command.

    It wins over DJANGO_SETTINGS_MODULE. An unknown name ends the process with exit code 2
    (usage) and lists the known ones.
    """
    load_dotenv()
    kept, name = _split_env(list(argv))
    if name is None:
        os.environ.setdefault(SETTINGS, "config.settings.development")
        return kept
    if name not in known_environments():
        known = ", ".join(known_environments())
        sys.stderr.write(f"unknown environment {name!r}; known are: {known}\n")
        raise SystemExit(2)
    os.environ[SETTINGS] = f"config.settings.{name}"
    return kept


def settings_for_server() -> None:
    """Production unless DJANGO_SETTINGS_MODULE is set: forgetting it must not mean DEBUG."""
    load_dotenv()
    os.environ.setdefault(SETTINGS, "config.settings.production")


def _split_env(argv: list[str]) -> tuple[list[str], str | None]:
    kept: list[str] = []
    name: str | None = None
    words = iter(argv)
    for word in words:
        if word == "--":
            return [*kept, word, *words], name
        if word == "--env":
            name = next(words, "")
        elif word.startswith("--env="):
            name = word.removeprefix("--env=")
        else:
            kept.append(word)
    return kept, name


def load_dotenv() -> None:
    """Read `.env` beside manage.py where there is one; the real environment wins over it."""
    path = ROOT / ".env"
    if path.is_file():
        _env.read_env(path)


def text(name: str, default: str | None = None) -> str:
    """A string. Without a default a missing or empty variable raises ImproperlyConfigured."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. {_settings_module()} has no default for it: "
            f"set the environment variable {name} (see .env.example)."
        )
    return default


def boolean(name: str, default: bool) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off; anything else is refused by name."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(
        f"{name}={os.environ[name]!r} is not a boolean: use one of true, false, 1, 0, yes, no, "
        "on, off."
    )


def integer(name: str, default: int, minimum: int | None = None) -> int:
    """A whole number, at least `minimum`; anything else is refused by name."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name}={value!r} is less than {minimum}.")
    return number


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list, empty items dropped."""
    value = os.environ.get(name, "")
    return [word.strip() for word in value.split(",") if word.strip()] or list(default)


def path(name: str, default: Path) -> Path:
    """An absolute path; a relative one is taken from the project's root."""
    return ROOT / Path(os.environ.get(name) or default).expanduser()


def database(name: str, required: bool = False) -> dict[str, Any] | None:
    """A DATABASES entry from a postgresql:// URL, or None where unset and not required."""
    url = database_url(name) or (text(name) if required else "")
    if not url:
        return None
    parsed: dict[str, Any] = _env.db_url_config(url)
    parsed["ENGINE"] = "django.db.backends.postgresql"
    return parsed


def database_url(name: str) -> str | None:
    """A postgresql:// URL, or None where unset.

    A malformed one is refused by name; its password does not appear in the refusal.
    """
    url = os.environ.get(name, "")
    if url:
        _refuse_malformed(name, url)
    return url or None


def _refuse_malformed(name: str, url: str) -> None:
    expected = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_number = urlsplit(""), False
    if parts.scheme in {"postgres", "postgresql"} and port_is_number and parts.path.strip("/"):
        return
    raise ImproperlyConfigured(
        f"{name}={_without_password(url)!r} is not a PostgreSQL URL: expected {expected} "
        "(percent-encode special characters in the password)."
    )


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, slashes, credentials = head.rpartition("://")
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{slashes}{user}:***@{tail}" if colon else f"{scheme}{slashes}***@{tail}"


def _settings_module() -> str:
    return os.environ.get(SETTINGS, "config.settings")
