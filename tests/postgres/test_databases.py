"""What belongs to a whole database is read and set again, whatever it is called."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from safe_migrate.postgres import databases
from tests.servers import Server

STRANGE = ('with "quotes" and spaces', "-leading dash", "ünï 'cödé' \\ %s")


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    name = f'r "{secrets.token_hex(4)}"'
    quoted = '"' + name.replace('"', '""') + '"'
    server.query("postgres", f"CREATE ROLE {quoted}")
    yield name
    server.query("postgres", f"DROP ROLE {quoted}")


@pytest.fixture
def maintenance(server: Server) -> Iterator[psycopg.Connection]:
    with server.connect() as session:
        yield session


@pytest.mark.parametrize("prefix", STRANGE)
def test_another_one_is_made_alike(maintenance: psycopg.Connection, role: str, prefix: str) -> None:
    one, other = (f"{prefix} {secrets.token_hex(4)}" for _ in range(2))
    like = {"encoding": "SQL_ASCII", "collate": "C", "ctype": "C", "provider": "libc"}
    wanted = [["", 'search_path="a ""b"" c", public'], ["", "work_mem=5MB"], [role, "app.x=a'b\\c"]]
    try:
        databases.create_like(maintenance, one, like, role)
        assert databases.apply_settings(maintenance, one, [*wanted, ["gone", "a.b=c"]]) == [
            "Setting a.b of role 'gone' was skipped: there is no such role."
        ]
        assert databases.settings(maintenance, one) == sorted(wanted)
        assert databases.acl(maintenance, one) is None
        grants = [["", "TEMPORARY", False], [role, "CONNECT", True]]
        assert databases.apply_acl(maintenance, one, [*grants, ["gone", "CONNECT", False]]) == [
            "CONNECT for role 'gone' was skipped: there is no such role."
        ]
        assert databases.acl(maintenance, one) == grants
        databases.set_comment(maintenance, one, "it's")
        databases.set_connection_limit(maintenance, one, 7)

        made = databases.create_options(maintenance, one)
        databases.create_like(maintenance, other, made, databases.owner(maintenance, one))
        databases.set_connection_limit(maintenance, other, int(made["connection_limit"]))
        assert databases.create_options(maintenance, other) == made
        assert {key: made[key] for key in like} == like
        assert made["connection_limit"] == "7"
        assert databases.owner(maintenance, other) == role
        assert databases.comment(maintenance, one) == "it's"
        assert databases.comment(maintenance, other) == ""
    finally:
        for name in (one, other):
            databases.drop(maintenance, name)
            assert not databases.exists(maintenance, name)


def test_every_locale_that_the_server_has_is_kept(maintenance: psycopg.Connection) -> None:
    """PostgreSQL 17 brought the provider `builtin`; ICU is not in every build."""
    kept = 0
    for like in (
        {"encoding": "UTF8", "provider": "builtin", "locale": "C.UTF-8", "collate": "C"},
        {"encoding": "UTF8", "provider": "icu", "locale": "en-US", "icu_rules": "&a < g"},
    ):
        name = f"t_{secrets.token_hex(6)}"
        try:
            databases.create_like(maintenance, name, like)
            made = databases.create_options(maintenance, name)
            assert {key: made[key] for key in like} == like
            kept += 1
        except psycopg.Error as error:
            assert error.sqlstate in ("0A000", "22023", "42601"), error
        finally:
            databases.drop(maintenance, name)
    assert kept or maintenance.info.server_version < 170000
