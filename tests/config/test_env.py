"""The one reader of the environment: every refusal names the variable and the bad value."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from tests.projects import ROOT, clean_environment

COMPLETE = {
    "DATABASE_URL": "postgresql://u:p@db.example:5432/shop",
    "SECRET_KEY": "s3cr3t-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    "ALLOWED_HOSTS": "shop.example",
}


def manage(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**clean_environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("form", [["--env", "nowhere"], ["--env=nowhere"], ["--env"]])
def test_an_unknown_environment_lists_the_known_ones(form: list[str]) -> None:
    result = manage("check", *form)
    assert result.returncode == 2
    assert result.stderr.endswith("known are: development, production, staging, test\n")
    name = "" if form == ["--env"] else "nowhere"
    assert result.stderr.startswith(f"unknown environment {name!r};")


@pytest.mark.parametrize("form", [["--env", "test"], ["--env=test"]])
def test_env_chooses_the_settings_of_any_command_and_wins_over_the_variable(
    form: list[str],
) -> None:
    result = manage("diffsettings", *form, DJANGO_SETTINGS_MODULE="config.settings.development")
    assert "'ENVIRONMENT': 'test'" in result.stdout, result.stderr


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("missing", ["DATABASE_URL", "SECRET_KEY"])
def test_a_missing_secret_is_one_clear_line(environment: str, missing: str) -> None:
    variables = {name: value for name, value in COMPLETE.items() if name != missing}
    for command in (["check"], ["safe_migrate"]):
        result = manage(*command, "--env", environment, **variables)
        assert result.returncode == 1
        assert result.stderr == (
            f"Misconfigured: {missing} is not set. config.settings.{environment} has no default "
            f"for it: set the environment variable {missing} (see .env.example).\n"
        )


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_deployment_check_is_clean(environment: str) -> None:
    result = manage(
        "check", "--deploy", "--fail-level", "WARNING", "--env", environment, **COMPLETE
    )
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter2@h/d",
        "postgresql://u:hunter2@h:port/d",
        "postgresql://u:hunter2@h:5432/",
        "u:hunter2@h",
        "postgresql://u:hun[ter2@[h/d",
    ],
)
def test_a_malformed_url_is_refused_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured) as raised:
        env.database("DATABASE_URL")
    said = str(raised.value)
    assert said.startswith("DATABASE_URL=")
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in said
    assert "hun" not in said


def test_a_malformed_url_as_a_person_meets_it() -> None:
    result = manage("safe_migrate", "--env", "staging", **{**COMPLETE, "DATABASE_URL": "shop"})
    assert result.returncode == 1
    assert result.stderr == (
        "Misconfigured: DATABASE_URL='shop' is not a PostgreSQL URL: expected "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (percent-encode special characters in the "
        "password).\n"
    )


def test_urls_with_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a%40b:p%2Fw%23@h:6432/my%20db?sslmode=require")
    found = env.database("DATABASE_URL")
    assert found is not None
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("a@b", "p/w#", "my db")
    assert (found["HOST"], found["PORT"]) == ("h", 6432)
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_booleans(monkeypatch: pytest.MonkeyPatch) -> None:
    for word, value in (("yes", True), ("TRUE", True), ("0", False), ("off", False), ("", True)):
        monkeypatch.setenv("DEBUG", word)
        assert env.boolean("DEBUG", default=True) is value
    monkeypatch.setenv("DEBUG", "treu")
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG='treu' is not a boolean: use one of"):
        env.boolean("DEBUG", default=True)


def test_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("N", "12")
    assert env.integer("N", 5) == 12
    monkeypatch.setenv("N", "twelve")
    with pytest.raises(ImproperlyConfigured, match=r"^N='twelve' is not a whole number"):
        env.integer("N", 5)
    monkeypatch.setenv("N", "-1")
    with pytest.raises(ImproperlyConfigured, match=r"^N='-1' is less than 0"):
        env.integer("N", 5, minimum=0)


def test_a_server_without_a_choice_of_settings_is_production(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    env.settings_for_server()
    assert env.os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.production"
