"""compose.yaml: Docker's PostgreSQL for those who prefer it. (No Docker engine is needed here.)"""

from pathlib import Path
from urllib.parse import urlsplit

import yaml

TEXT = (Path(__file__).resolve().parents[2] / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICE = COMPOSE["services"]["postgres"]


def test_it_is_one_service_of_a_supported_version() -> None:
    assert list(COMPOSE["services"]) == ["postgres"]
    assert SERVICE["image"].startswith("postgres:18.")


def test_it_is_reached_from_this_machine_only() -> None:
    assert SERVICE["ports"] == ["127.0.0.1:5432:5432"]


def test_it_says_when_it_is_ready() -> None:
    command = SERVICE["healthcheck"]["test"]
    assert command[:2] == ["CMD", "pg_isready"]
    assert SERVICE["environment"]["POSTGRES_USER"] in command


def test_its_data_outlives_the_container() -> None:
    """The image of 18 and later keeps its data in a folder below this one, named by version."""
    [volume] = SERVICE["volumes"]
    name, _, folder = volume.partition(":")
    assert name in COMPOSE["volumes"]
    assert folder == "/var/lib/postgresql"


def test_the_url_in_its_comment_is_the_services_own() -> None:
    [line] = [line for line in TEXT.splitlines() if "DATABASE_URL=" in line]
    url = urlsplit(line.partition("=")[2])
    given = SERVICE["environment"]
    assert (url.username, url.password) == (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
    assert url.path == f"/{given['POSTGRES_DB']}"
    assert SERVICE["ports"] == [f"{url.hostname}:{url.port}:5432"]
