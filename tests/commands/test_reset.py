"""safe_reset: a development database from nothing, and nobody else's."""

from pathlib import Path

import pytest

from safe_migrate.errors import Refused
from safe_migrate.management.commands.safe_reset import require_disposable
from safe_migrate.policy import DEFAULTS, Environment
from tests import projects
from tests.projects import Foreign, assert_failure
from tests.servers import Server


@pytest.fixture
def development(foreign: Foreign) -> Foreign:
    foreign.variables["ENVIRONMENT"] = "development"
    foreign.ok("safe_migrate")
    return foreign


def test_everything_is_dropped_and_migrated_again(
    development: Foreign, server: Server, database: str
) -> None:
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('old')")
    server.query(database, "CREATE TABLE by_hand (one int)")
    # Somebody is connected all the while: their session is ended.
    with server.connect(database):
        development.ok("safe_reset", "--noinput")
    assert server.query(database, "SELECT count(*) FROM shelf_book") == [(0,)]
    assert server.query(database, "SELECT to_regclass('by_hand')") == [(None,)]
    names = [name for (name,) in server.query("postgres", "SELECT datname FROM pg_database")]
    assert [name for name in names if name.startswith(database)] == [database]


def test_refused_by_the_stored_environment_whatever_the_settings_say(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate", ENVIRONMENT="production")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('precious')")
    result = foreign.run("safe_reset", "--noinput", ENVIRONMENT="development")
    assert result.code == 4
    assert result.failure().startswith("SM-E110")
    assert server.query(database, "SELECT title FROM shelf_book") == [("precious",)]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_refused_by_the_settings(foreign: Foreign, environment: str) -> None:
    assert_failure(
        foreign.run("safe_reset", "--noinput", ENVIRONMENT=environment),
        4,
        f"""
        SM-E115 Only a development or test database can be reset, and these settings are for
        '{environment}'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_status
        More: docs/errors.md#sm-e115
        """,
    )


@pytest.mark.parametrize("stamped", [Environment.STAGING, Environment.PRODUCTION])
def test_a_stamp_that_is_not_disposable_refuses(stamped: Environment) -> None:
    with pytest.raises(Refused, match=f"stamped '{stamped}'"):
        require_disposable(DEFAULTS[Environment.DEVELOPMENT], stamped)
    require_disposable(DEFAULTS[Environment.DEVELOPMENT], Environment.DEVELOPMENT)


def test_without_a_terminal_it_must_be_confirmed(
    development: Foreign, server: Server, database: str
) -> None:
    result = development.run("safe_reset")
    assert result.code == 4
    assert f"Add: --noinput --confirm {database}" in result.failure()


def test_a_role_without_createdb_leaves_the_old_database(
    development: Foreign, server: Server, database: str, backups: Path, tmp_path: Path
) -> None:
    role = f"{database}_owner"
    server.query("postgres", f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
    try:
        server.query("postgres", f"ALTER DATABASE {database} OWNER TO {role}")
        for table in ("safe_migrate_stamp", "safe_migrate_run", "safe_migrate_checksum"):
            server.query(database, f"ALTER TABLE {table} OWNER TO {role}")
        project = projects.foreign(
            tmp_path / "again", server.url(database, user=role, password="p"), backups
        )
        project.variables["ENVIRONMENT"] = "development"
        assert_failure(
            project.run("safe_reset", "--noinput"),
            6,
            f"""
            SM-R501 The database '{database}' could not be replaced: permission denied to create
            database
            State: The old database is in its place.
            Lost: Nothing was lost.
            Next: python manage.py safe_doctor
            python manage.py safe_reset
            More: docs/errors.md#sm-r501
            """,
        )
        assert server.query(database, "SELECT count(*) FROM shelf_book") == [(0,)]
    finally:
        server.query("postgres", f"ALTER DATABASE {database} OWNER TO {server.user}")
        server.query(database, f"DROP OWNED BY {role} CASCADE")
        server.query("postgres", f"DROP ROLE {role}")
