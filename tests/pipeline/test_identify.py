"""Which database is this, and whose? Each failure's whole text, against a real server."""

import socket
from pathlib import Path

import pytest

from safe_migrate.pipeline.identify import may_stamp
from safe_migrate.policy import DEFAULTS, Environment
from tests import projects
from tests.projects import Foreign, Project, assert_failure
from tests.servers import Server


def stamp_of(server: Server, database: str) -> str:
    [(environment,)] = server.query(database, "SELECT environment FROM safe_migrate_stamp")
    return str(environment)


def tables_of(server: Server, database: str) -> list[str]:
    rows = server.query(database, "SELECT relname FROM pg_stat_user_tables ORDER BY 1")
    return [name for (name,) in rows]


def test_the_first_run_stamps_an_empty_database(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    assert stamp_of(server, database) == "staging"


def test_an_existing_production_database_is_stamped_by_a_run(
    foreign: Foreign, server: Server, database: str
) -> None:
    server.query(database, "CREATE TABLE old AS SELECT 1 AS one")
    foreign.ok("safe_migrate", ENVIRONMENT="production")
    assert stamp_of(server, database) == "production"


def test_another_environments_stamp_is_refused(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate", ENVIRONMENT="production")
    result = foreign.run("safe_migrate")
    assert_failure(
        result,
        4,
        f"""
        SM-E110 The database '{database}' is stamped 'production', but these settings are for
        'staging'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_migrate --env production
        If '{database}' is a clone that should become staging:
        python manage.py safe_doctor --stamp staging
        More: docs/errors.md#sm-e110
        """,
    )
    assert stamp_of(server, database) == "production"


def test_data_of_unknown_origin_does_not_become_development(
    foreign: Foreign, server: Server, database: str
) -> None:
    server.query(database, "CREATE TABLE old AS SELECT 1 AS one")
    result = foreign.run("safe_migrate", ENVIRONMENT="development")
    assert_failure(
        result,
        4,
        f"""
        SM-E111 The database '{database}' holds data and has no stamp: it cannot be told whose it
        is, and these settings are for 'development', where data may be thrown away.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_doctor --stamp development
        More: docs/errors.md#sm-e111
        """,
    )
    assert tables_of(server, database) == ["old"]


def test_tables_without_rows_hold_no_data(foreign: Foreign, server: Server, database: str) -> None:
    server.query(database, "CREATE TABLE old (one int)")
    foreign.ok("safe_migrate", ENVIRONMENT="development")
    assert stamp_of(server, database) == "development"


@pytest.mark.parametrize(
    ("environment", "embedded", "allowed"),
    [
        (Environment.PRODUCTION, False, True),
        (Environment.STAGING, False, True),
        (Environment.DEVELOPMENT, False, False),
        (Environment.TEST, False, False),
        (Environment.DEVELOPMENT, True, True),
        (Environment.TEST, True, True),
    ],
)
def test_who_may_stamp_existing_data(
    environment: Environment, embedded: bool, allowed: bool
) -> None:
    assert may_stamp(DEFAULTS[environment], embedded=embedded) is allowed


def test_an_assertion_of_another_environment_is_refused(foreign: Foreign) -> None:
    result = foreign.run("safe_migrate", "--env", "production")
    assert_failure(
        result,
        4,
        """
        SM-E112 --env says 'production', but these settings are for 'staging'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Use the settings of production: --settings or DJANGO_SETTINGS_MODULE.
        More: docs/errors.md#sm-e112
        """,
    )


def test_a_wrong_password(server: Server, database: str, backups: Path, tmp_path: Path) -> None:
    url = server.url(database, password="not-the-password")
    project = projects.foreign(tmp_path / "p", url, backups)
    result = project.run("safe_migrate")
    where = f"{server.host}:{server.port}"
    assert_failure(
        result,
        4,
        f"""
        SM-E102 The server {where} refused the password of user '{server.user}': connection failed:
        connection to server at "{server.host}", port {server.port} failed: FATAL: password
        authentication failed for user "{server.user}"
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Correct the password in DATABASE_URL.
        python manage.py safe_doctor
        More: docs/errors.md#sm-e102
        """,
    )
    assert "not-the-password" not in result.out + result.err


def test_an_unreachable_server(backups: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project = projects.foreign(
        tmp_path / "p", f"postgresql://u:p@127.0.0.1:{port}/nowhere", backups
    )
    assert_failure(
        project.run("safe_migrate"),
        4,
        f"""
        SM-E101 The server 127.0.0.1:{port} cannot be reached: Is the server running on that host
        and accepting TCP/IP connections?
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Check host and port in DATABASE_URL, and that the server runs.
        python manage.py safe_doctor
        More: docs/errors.md#sm-e101
        """,
    )


def test_a_database_that_is_not_there(server: Server, backups: Path, tmp_path: Path) -> None:
    project = projects.foreign(tmp_path / "p", server.url("no_such_database"), backups)
    result = project.run("safe_migrate")
    assert result.code == 4
    assert result.failure().startswith("SM-E103")
    assert "createdb no_such_database" in result.failure()


def test_settings_that_cannot_be_read_name_the_key(shop: Project, tmp_path: Path) -> None:
    project = projects.foreign(tmp_path / "p", "postgresql://u:p@127.0.0.1:1/d", tmp_path)
    project.write("settings.py", projects.SETTINGS + "SAFE_MIGRATE['POLICI'] = {}\n")
    result = project.run("safe_migrate")
    assert result.code == 1
    assert "SAFE_MIGRATE has an unknown key 'POLICI'. Did you mean 'POLICY'?" in result.err


def test_a_stamp_that_is_no_environment(foreign: Foreign, server: Server, database: str) -> None:
    foreign.ok("safe_migrate")
    server.query(database, "UPDATE safe_migrate_stamp SET environment = 'prod'")
    assert_failure(
        foreign.run("safe_migrate"),
        4,
        f"""
        SM-E116 The database '{database}' is stamped 'prod', which is no environment. Known are:
        development, test, staging, production.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_doctor --stamp NAME
        More: docs/errors.md#sm-e116
        """,
    )
    foreign.ok("safe_doctor", "--stamp", "staging", "--noinput", "--confirm", database)
    foreign.ok("safe_migrate")


def test_an_embedded_server_that_cannot_start(foreign: Foreign, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + "DATABASES['default'] = {'ENGINE': 'safe_migrate.postgres.embedded', 'NAME': 'mine',"
        f" 'EMBEDDED': {{'ROOT': {str(tmp_path / 'file' / 'root')!r}}}}}\n",
    )
    for command in ("safe_migrate", "safe_status"):
        result = foreign.run(command)
        assert result.code == 4
        assert result.failure().startswith("SM-E104"), result.failure()
