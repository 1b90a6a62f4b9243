"""Going back: into a new database that takes the place of the present one, which is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from safe_migrate.backups import manifest as manifests
from safe_migrate.postgres import databases, locks
from tests import projects
from tests.backups.restoring import (
    as_text,
    backed_up,
    beside,
    exists,
    named_database,
    owned_project,
    restore,
    role,
)
from tests.projects import Foreign, assert_failure
from tests.reports.test_schemas import assert_valid
from tests.servers import Server


@pytest.fixture
def backup(foreign: Foreign, server: Server, database: str) -> str:
    """A backup of a migrated database with one book; a second book comes after it."""
    foreign.ok("safe_migrate")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('first')")
    identifier = backed_up(foreign)
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('second')")
    return identifier


def titles(server: Server, database: str) -> list[str]:
    return [title for (title,) in server.query(database, "SELECT title FROM shelf_book ORDER BY 1")]


@pytest.mark.parametrize("prefix", ["-r in 'it' \"s\"", "é" * 28])
def test_all_of_it_comes_back_and_can_be_undone_and_redone(
    server: Server, tmp_path: Path, backups: Path, prefix: str
) -> None:
    with named_database(server, prefix) as name, server.connect() as session:
        project = projects.foreign(tmp_path / "project", server.url(name), backups)
        project.ok("safe_migrate")
        databases.apply_settings(session, name, [["", "work_mem=7MB"], ["", "app.place=here"]])
        databases.apply_acl(session, name, [["", "CONNECT", False], [server.user, "CREATE", False]])
        databases.set_comment(session, name, "the shop's own")
        server.query(name, "INSERT INTO shelf_book (title) VALUES ('first')")
        identifier = backed_up(project)
        before = as_text(server, name)
        server.query(name, "CREATE TABLE later (book bigint REFERENCES shelf_book)")
        after = as_text(server, name)

        done = project.ok(*restore(identifier, name, "--format", "json")).document
        assert_valid(done, "safe_migrate.restore/1")
        assert (done["database"], done["backup"], done["finished"]) == (name, identifier, False)
        assert done["warnings"] == []
        assert done["lost"]["wal_bytes"] > 0
        assert as_text(server, name) == before
        assert as_text(server, done["kept"]) == after
        assert databases.settings(session, name) == [["", "app.place=here"], ["", "work_mem=7MB"]]
        assert databases.acl(session, name) == [
            ["", "CONNECT", False],
            [server.user, "CREATE", False],
        ]
        assert databases.comment(session, name) == "the shop's own"

        listed = project.ok("safe_backup", "undo", "--list").out
        assert listed.startswith(done["kept"]) and listed.count("\n") == 1
        undone = project.ok(
            "safe_backup", "undo", "--noinput", "--confirm", name, "--format", "json"
        )
        assert_valid(undone.document, "safe_migrate.restore/1")
        assert as_text(server, name) == after
        assert databases.comment(session, name) == "the shop's own"
        project.ok("safe_backup", "undo", "--noinput", "--confirm", name)
        assert as_text(server, name) == before
        assert project.ok("safe_migrate").out.count("Nothing was pending.") == 1

        dropped = project.ok(
            "safe_backup", "undo", "--drop", "--noinput", "--confirm", name, "--format", "json"
        )
        assert_valid(dropped.document, "safe_migrate.kept/1")
        assert len(dropped.document["databases"]) == 1
        assert beside(server, name) == []
        assert_failure(
            project.run("safe_backup", "undo", "--noinput", "--confirm", name),
            4,
            f"""
            SM-B413 No database is kept that {name!r} could be undone to.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: python manage.py safe_backup list
            More: docs/errors.md#sm-b413
            """,
        )


def test_what_would_be_lost_is_told_and_the_name_must_be_typed(
    foreign: Foreign, server: Server, database: str, backup: str
) -> None:
    before = as_text(server, database)
    refused = foreign.run("safe_backup", "restore", backup)
    assert "of log since then: what was written after it will not be in the" in refused.err
    assert_failure(
        refused,
        4,
        f"""
        SM-E114 Replacing '{database}' was not confirmed: no name was given.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Add: --noinput --confirm {database}
        More: docs/errors.md#sm-e114
        """,
    )
    assert foreign.run(*restore(backup, "another")).failure().startswith("SM-E114")
    assert foreign.run("safe_backup", "restore", backup, "--noinput").code == 4
    assert as_text(server, database) == before
    assert beside(server, database) == []


def test_where_data_may_be_thrown_away_noinput_will_do(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.variables["ENVIRONMENT"] = "development"
    foreign.ok("safe_migrate")
    identifier = backed_up(foreign)
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('late')")
    foreign.ok("safe_backup", "restore", identifier, "--noinput")
    assert titles(server, database) == []


def test_every_restore_leaves_a_record(
    foreign: Foreign, server: Server, database: str, backup: str, backups: Path
) -> None:
    foreign.ok(*restore(backup, database))
    foreign.run("safe_backup", "restore", backup)
    records = sorted(
        path.read_text() for path in (backups / "runs").glob("*") if "restore" in path.read_text()
    )
    assert len(records) == 2
    assert sum('"exit_code": 4' in record for record in records) == 1
    assert all(f'"id": "{backup}"' in record for record in records)


def test_another_environments_data_becomes_ours_when_it_is_named(
    foreign: Foreign, server: Server, database: str, tmp_path: Path, backups: Path
) -> None:
    foreign.ok("safe_migrate", ENVIRONMENT="production")
    identifier = str(
        foreign.ok("safe_backup", "create", "--format", "json", ENVIRONMENT="production").document[
            "manifest"
        ]["id"]
    )
    with named_database(server, "staging's") as other:
        staging = projects.foreign(tmp_path / "staging", server.url(other), backups)
        staging.ok("safe_migrate")
        before = as_text(server, other)
        accepting = ["--from-environment", "production"]
        assert staging.run(*restore(identifier, other)).failure().startswith("SM-B402")
        refused = staging.run(*restore(identifier, other, *accepting))
        assert refused.failure().startswith("SM-B403")
        assert as_text(server, other) == before
        [origin] = [w for w in refused.failure().split() if w.endswith(f"/{database}")]
        done = staging.ok(*restore(identifier, other, *accepting, "--origin", origin))
        assert "Warning: Stamped as staging: the data is that of production." in done.out
        assert staging.ok("safe_migrate").code == 0
    # The other environment's own database is another one's still.
    assert foreign.run(*restore(identifier, database)).failure().startswith("SM-B402")
    refused = foreign.run(*restore(identifier, database, *accepting))
    assert refused.failure().startswith("SM-E110")


def test_a_database_that_is_gone_comes_back(
    foreign: Foreign, server: Server, database: str, backup: str
) -> None:
    server.query("postgres", f"DROP DATABASE {database}")
    done = foreign.ok(*restore(backup, database))
    assert "is kept as" not in done.out
    assert titles(server, database) == ["first"]


def test_beside_under_a_name_that_is_free(
    foreign: Foreign, server: Server, database: str, backup: str
) -> None:
    before = as_text(server, database)
    name = f'-to "{database}"'
    done = foreign.ok("safe_backup", "restore", backup, "--to", name, "--noinput")
    assert done.out.startswith(f"{name!r} now holds {backup}.")
    try:
        assert titles(server, name) == ["first"]
        assert_failure(
            foreign.run("safe_backup", "restore", backup, "--to", name, "--noinput"),
            4,
            f"""
            SM-B412 There is a database {name!r} already.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: Give --to a name that is free.
            More: docs/errors.md#sm-b412
            """,
        )
    finally:
        with server.connect() as session:
            databases.drop(session, name)
    assert as_text(server, database) == before


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_backup_changes_nothing(
    foreign: Foreign, server: Server, database: str, backup: str, backups: Path, damage: str
) -> None:
    before = as_text(server, database)
    path = backups / manifests.from_json((backups / f"{backup}.manifest.json").read_text()).data
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        # A manifest whose data has another size is none at all.
        path.write_bytes(data[: len(data) // 2])
        assert foreign.run(*restore(backup, database)).failure().startswith("SM-U201")
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        failure = foreign.run(*restore(backup, database))
        assert failure.code == 8 and failure.failure().startswith("SM-B30"), failure.err
        state = "The database is as it was; what was restored beside it is dropped."
        assert state in " ".join(failure.failure().split())
    assert as_text(server, database) == before
    assert beside(server, database) == []


def test_a_copy_that_is_not_as_the_manifest_says_is_dropped(
    foreign: Foreign, server: Server, database: str, backup: str, backups: Path
) -> None:
    path = backups / f"{backup}.manifest.json"
    manifest = manifests.from_json(path.read_text())
    lying = replace(manifest, rows={**manifest.rows, "public.shelf_book": 3})
    path.write_text(manifests.to_json(manifests.sealed(lying)))
    before = as_text(server, database)
    assert_failure(
        foreign.run(*restore(backup, database)),
        6,
        f"""
        SM-B408 What {backup} restores to is not what its manifest says: table public.shelf_book
        has 1 row, the backup has 3.
        State: The database is as it was; what was restored beside it is dropped.
        Lost: Nothing was lost.
        Next: python manage.py safe_backup verify {backup} --level restored
        python manage.py safe_backup list
        More: docs/errors.md#sm-b408
        """,
    )
    assert as_text(server, database) == before
    assert beside(server, database) == []


def test_a_role_without_createdb_is_told_what_to_do(
    server: Server, tmp_path: Path, backups: Path
) -> None:
    with role(server) as owner:
        project, database = owned_project(server, tmp_path / "project", owner, backups)
        project.ok("safe_migrate")
        identifier = backed_up(project)
        before = as_text(server, database)
        assert_failure(
            project.run(*restore(identifier, database)),
            4,
            f"""
            SM-B405 User '{owner}' may not create databases: a new database cannot be put in its
            place.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: ALTER ROLE "{owner}" CREATEDB;
            python manage.py safe_backup restore {identifier} --in-place
            More: docs/errors.md#sm-b405
            """,
        )
        assert as_text(server, database) == before


def test_a_session_that_may_not_be_ended_is_named_and_the_copy_waits(
    server: Server, tmp_path: Path, backups: Path
) -> None:
    with role(server, "CREATEDB") as owner:
        project, database = owned_project(server, tmp_path / "project", owner, backups)
        project.ok("safe_migrate")
        identifier = backed_up(project)
        before = as_text(server, database)
        with server.connect(database, application_name="watcher") as watching:
            pid = watching.info.backend_pid
            refused = project.run(*restore(identifier, database))
            said = " ".join(refused.failure().split())
            assert refused.code == 6
            assert said.startswith(
                f"SM-B409 '{database}' could not be exchanged, since it is still in use: pid {pid} "
                f"(user {server.user}, application 'watcher', for "
            )
            assert f"SELECT pg_terminate_backend({pid});" in said
        assert as_text(server, database) == before
        assert beside(server, database) == ["ready"]
        done = project.ok(*restore(identifier, database, "--format", "json")).document
        assert done["finished"] is True
        assert beside(server, database) == ["old"]


def test_the_lock_on_the_name_keeps_runs_and_restores_apart(
    foreign: Foreign, server: Server, database: str, backup: str
) -> None:
    with server.connect(application_name="somebody") as session:
        session.execute("SELECT pg_advisory_lock(%s)", [locks.key_of(database)])
        pid = session.info.backend_pid
        commands = ["safe_migrate"], restore(backup, database)
        for refused in [foreign.run(*words) for words in commands]:
            assert refused.code == 5
            said = " ".join(refused.failure().split())
            assert said.startswith(
                f"SM-R101 Another run holds the lock on '{database}': pid {pid} "
                f"(user {server.user}, application 'somebody', for "
            )
    with server.connect(database, application_name="migrating") as session:
        session.execute("SELECT pg_advisory_lock(%s)", [locks.KEY])
        assert foreign.run(*restore(backup, database)).code == 5
    assert titles(server, database) == ["first", "second"]
    assert exists(server, database) and beside(server, database) == []


def test_roles_that_are_gone_are_left_out_and_told(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    with role(server) as gone, server.connect() as session:
        databases.apply_settings(session, database, [[gone, "work_mem=7MB"]])
        databases.apply_acl(session, database, [["", "CONNECT", False], [gone, "CREATE", False]])
        identifier = backed_up(foreign)
        server.query("postgres", f"ALTER ROLE {gone} IN DATABASE {database} RESET ALL")
        server.query("postgres", f"REVOKE ALL ON DATABASE {database} FROM {gone}")
    done = foreign.ok(*restore(identifier, database))
    assert f"Warning: Setting work_mem of role '{gone}' was skipped" in done.out
    assert f"Warning: CREATE for role '{gone}' was skipped" in done.out


def test_a_run_that_was_under_way_in_the_snapshot_is_not_shown_as_running(
    foreign: Foreign, server: Server, database: str
) -> None:
    """The history is rewound with the database: to the moment of the run's own backup."""
    identifier = foreign.ok("safe_migrate", "--format", "json").document["backup"]["id"]
    foreign.ok(*restore(identifier, database))
    shown = foreign.run("safe_status").out
    assert "safe_migrate cut off" in shown
    assert "running" not in shown
