"""What goes wrong while migrations run, and what is left of it: real errors, locks and kills."""

import signal
import threading
import time
from pathlib import Path

import pytest

from tests.projects import Foreign, Result, assert_failure, kill, wait_until
from tests.servers import Server

ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'
NAP = """
def nap(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [float(os.environ.get("NAP", "0"))])
"""


def columns(server: Server, database: str, table: str = "shelf_book") -> list[str]:
    rows = server.query(
        database,
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        table,
    )
    return [name for (name,) in rows]


def recorded(server: Server, database: str) -> list[str]:
    rows = server.query(
        database, "SELECT name FROM django_migrations WHERE app = 'shelf' ORDER BY id"
    )
    return [name for (name,) in rows]


def runs(server: Server, database: str) -> list[tuple[str, int]]:
    return server.query(
        database, "SELECT outcome, exit_code FROM safe_migrate_run ORDER BY started_at"
    )


def test_a_pending_chain_is_applied_and_recorded(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.models("price = models.IntegerField(null=True)\n")
    result = foreign.ok("safe_migrate")
    assert "shelf.0001_initial\n  shelf.0002_price" in result.out
    assert columns(server, database) == ["id", "title", "price"]
    assert recorded(server, database) == ["0001_initial", "0002_price"]
    assert runs(server, database) == [("done", 0)]


def test_nothing_pending_says_so_and_makes_no_backup(foreign: Foreign, backups: Path) -> None:
    foreign.ok("safe_migrate")
    before = sorted(backups.iterdir())
    result = foreign.ok("safe_migrate")
    assert "Nothing was pending." in result.out
    assert sorted(backups.iterdir()) == before


def test_a_statement_that_fails(foreign: Foreign, server: Server, database: str) -> None:
    foreign.ok("safe_migrate")
    server.query(database, "INSERT INTO shelf_book (title) VALUES ('a'), ('a')")
    foreign.migration(
        "0002_unique",
        "0001_initial",
        f'{ADD_PRICE}, migrations.AlterField("Book", "title", models.TextField(unique=True))',
    )
    result = foreign.run("safe_migrate")
    assert_failure(
        result,
        6,
        """
        SM-R301 shelf.0002_unique failed: could not create unique index
        "shelf_book_title_253ca249_uniq" DETAIL: Key (title)=(a) is duplicated. (SQLSTATE 23505)
        Statement: ALTER TABLE "shelf_book" ADD CONSTRAINT "shelf_book_title_253ca249_uniq"
        UNIQUE ("title")
        State: The database is unchanged: the transaction was rolled back.
        Lost: Nothing was lost.
        Next: Mend shelf.0002_unique.
        python manage.py safe_migrate
        More: docs/errors.md#sm-r301
        """,
    )
    assert columns(server, database) == ["id", "title"]
    assert recorded(server, database) == ["0001_initial"]
    assert runs(server, database)[-1] == ("failed_unchanged", 6)


def test_python_code_that_fails_after_another_migration(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.migration(
        "0003_fill",
        "0002_price",
        "migrations.RunPython(fill)",
        before="""
        def fill(apps, schema_editor):
            schema_editor.execute("INSERT INTO shelf_book (title) VALUES ('kept?')")
            raise ValueError("no price for that")
        """,
    )
    assert_failure(
        foreign.run("safe_migrate"),
        7,
        """
        SM-R302 shelf.0003_fill failed: ValueError: no price for that
        In fill, line 12 of 0003_fill.py
        State: 1 of 2 migrations are done and stay; shelf.0003_fill was rolled back.
        Lost: Nothing was lost.
        Next: Mend shelf.0003_fill.
        python manage.py safe_migrate
        More: docs/errors.md#sm-r302
        """,
    )
    assert recorded(server, database) == ["0001_initial", "0002_price"]
    assert server.query(database, "SELECT count(*) FROM shelf_book") == [(0,)]


def test_a_migration_that_is_not_atomic_says_what_stays(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_half", "0001_initial", f'{ADD_PRICE}, migrations.RunSQL("SELECT 1/0")', atomic=False
    )
    result = foreign.run("safe_migrate")
    assert result.code == 7
    assert "shelf.0002_half is not atomic" in " ".join(result.failure().split())
    assert columns(server, database) == ["id", "title", "price"]


def test_a_table_locked_by_a_long_transaction_is_given_up_and_named(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    with server.connect(database, application_name="nightly report") as reader:
        with reader.transaction():
            reader.execute("SELECT * FROM shelf_book")
            result = foreign.run("safe_migrate")
        pid = reader.info.backend_pid
    assert result.code == 5, result.err
    said = " ".join(result.failure().split())
    assert said.startswith("SM-R201 shelf.0002_price did not get its lock within 3 s"), said
    assert f"Blocked by pid {pid} (user {server.user}, application 'nightly report', for" in said, (
        said
    )
    assert "last statement: 'SELECT * FROM shelf_book'" in said
    assert "attempts of 50 ms each" in said
    assert columns(server, database) == ["id", "title"]
    assert "blocked by pid" in result.err


def test_a_lock_that_is_freed_in_time_is_obtained_by_trying_again(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    with server.connect(database) as reader, reader.transaction() as transaction:
        reader.execute("SELECT * FROM shelf_book")
        process = foreign.start("safe_migrate", "--format", "json")
        released = False
        # The reader leaves after the first attempt was seen to fail.
        assert process.stderr is not None
        for line in process.stderr:
            if "lock not obtained" in line:
                reader.execute("COMMIT")
                released = True
                break
        transaction.status  # noqa: B018 (ended by hand)
    out, _ = process.communicate(timeout=60)
    assert released and process.returncode == 0
    report = Result(0, out, "").document
    assert report["retries"] >= 1
    assert columns(server, database) == ["id", "title", "price"]


def test_nobody_waits_behind_us_longer_than_the_budget(
    foreign: Foreign, server: Server, database: str
) -> None:
    """While a reader blocks our ALTER TABLE, other readers queue behind it only briefly."""
    foreign.ok("safe_migrate")
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    worst = 0.0
    with server.connect(database) as reader, reader.transaction():
        reader.execute("SELECT * FROM shelf_book")
        process = foreign.start("safe_migrate")
        with server.connect(database) as application:
            while process.poll() is None:
                began = time.monotonic()
                application.execute("SELECT count(*) FROM shelf_book")
                worst = max(worst, time.monotonic() - began)
                time.sleep(0.005)
    process.communicate()
    assert process.returncode == 5
    # Without lock_timeout it would be seconds: the machine's noise is far below that.
    assert worst < 1.0


def test_another_run_in_progress_is_named(foreign: Foreign, server: Server, database: str) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_nap", "0001_initial", "migrations.RunPython(nap)", before=NAP)
    first = foreign.start("safe_migrate", NAP="30")
    try:
        pid = wait_until(
            lambda: server.query(
                database,
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())",
            ),
            "the first run's lock",
        )[0][0]
        second = foreign.run("safe_migrate")
    finally:
        first.terminate()
        first.communicate()
    assert second.code == 5
    said = " ".join(second.failure().split())
    assert said.startswith(
        f"SM-R101 Another run holds the lock on '{database}': pid {pid} (user {server.user}, "
        "application 'safe_migrate runner', for"
    ), said
    assert f"SELECT pg_terminate_backend({pid});" in said


def test_terminated_by_the_system_rolls_back_and_ends_with_143(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_nap", "0001_initial", f"{ADD_PRICE}, migrations.RunPython(nap)", before=NAP
    )
    process = foreign.start("safe_migrate", NAP="30")
    wait_until(lambda: sleeping(server, database), "the migration to be under way")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert columns(server, database) == ["id", "title"]
    assert runs(server, database)[-1] == ("terminated", 143)


def sleeping(server: Server, database: str) -> list[tuple[int]]:
    return server.query(
        database,
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%%pg_sleep%%' AND pid <> pg_backend_pid() AND state = 'active'",
    )


@pytest.mark.parametrize("atomic", [True, False])
def test_killed_during_apply_the_same_command_finishes(
    foreign: Foreign, server: Server, database: str, atomic: bool
) -> None:
    foreign.ok("safe_migrate")
    operations = ["migrations.RunPython(nap)", ADD_PRICE]
    foreign.migration(
        "0002_nap",
        "0001_initial",
        ", ".join(operations if not atomic else reversed(operations)),
        before=NAP,
        atomic=atomic,
    )
    foreign.models("price = models.IntegerField(null=True)\n")
    process = foreign.start("safe_migrate", NAP="60")
    wait_until(lambda: sleeping(server, database), "the migration to be under way")
    kill(process)
    # The server notices within its connection check, ends the statement and frees the locks.
    wait_until(lambda: not sleeping(server, database), "the server to notice", 15)
    assert columns(server, database) == ["id", "title"]
    again = foreign.ok("safe_migrate")
    assert "was cut off" in again.err
    assert columns(server, database) == ["id", "title", "price"]
    assert [outcome for outcome, _ in runs(server, database)] == ["done", "cut off", "done"]


def test_the_session_lost_in_the_middle_of_apply(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_nap", "0001_initial", f"{ADD_PRICE}, migrations.RunPython(nap)", before=NAP
    )
    process = foreign.start("safe_migrate", NAP="60")
    [(pid,)] = wait_until(lambda: sleeping(server, database), "the migration to be under way")
    server.query(database, "SELECT pg_terminate_backend(%s)", pid)
    out, err = process.communicate(timeout=30)
    assert_failure(
        Result(process.returncode, out, err),
        7,
        """
        SM-R401 The connection to the server was lost during shelf.0002_nap: terminating
        connection due to administrator command
        State: Whatever was committed stays, the transaction in hand is rolled back by the server.
        Lost: Nothing was lost.
        Next: python manage.py safe_status
        python manage.py safe_migrate
        More: docs/errors.md#sm-r401
        """,
    )
    assert columns(server, database) == ["id", "title"]
    foreign.ok("safe_migrate")
    assert columns(server, database) == ["id", "title", "price"]


def test_the_signals_are_sent_once_per_run_also_with_nothing_pending(foreign: Foreign) -> None:
    foreign.write(
        "shelf/management/__init__.py",
        """
        import sys
        from django.db.models.signals import post_migrate, pre_migrate

        def said(signal, sender, using, plan, **kwargs):
            which = "pre" if signal is pre_migrate else "post"
            if sender.label == "shelf":
                print(f"signal {which} {using} {len(plan)}", file=sys.stderr)

        pre_migrate.connect(said)
        post_migrate.connect(said)
        """,
    )
    for expected in (2, 0):
        lines = foreign.ok("safe_migrate").err.splitlines()
        assert [line for line in lines if line.startswith("signal")] == [
            f"signal pre default {expected}",
            f"signal post default {expected}",
        ]


def test_a_failing_receiver_of_post_migrate_is_repeated_by_the_next_run(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.write(
        "shelf/management/__init__.py",
        """
        import os
        from django.db.models.signals import post_migrate

        def fail(sender, **kwargs):
            if os.environ.get("BROKEN"):
                raise RuntimeError("cannot set up")

        post_migrate.connect(fail)
        """,
    )
    result = foreign.run("safe_migrate", BROKEN="1")
    assert_failure(
        result,
        7,
        """
        SM-R311 A receiver of post_migrate failed: RuntimeError: cannot set up
        In fail, line 7 of __init__.py
        State: All migrations are applied; what post_migrate sets up is not complete.
        Lost: Nothing was lost.
        Next: Mend the receiver.
        python manage.py safe_migrate
        More: docs/errors.md#sm-r311
        """,
    )
    assert recorded(server, database) == ["0001_initial"]
    foreign.ok("safe_migrate")


def test_two_runs_at_once_end_with_one_completed_migration(
    foreign: Foreign, server: Server, database: str
) -> None:
    results: list[Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(foreign.run("safe_migrate", "--wait", "60")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.code for result in results) == [0, 0, 0], results
    assert recorded(server, database) == ["0001_initial"]
    assert sum("Nothing was pending" in result.out for result in results) == 2


def test_backwards_fake_and_named_targets_mean_what_they_mean_for_migrate(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.ok("safe_migrate", "shelf", "0001")
    assert columns(server, database) == ["id", "title"]
    foreign.ok("safe_migrate", "shelf", "0002", "--fake")
    assert recorded(server, database) == ["0001_initial", "0002_price"]
    assert columns(server, database) == ["id", "title"]
    foreign.ok("safe_migrate", "shelf", "0001", "--fake")
    foreign.ok("safe_migrate", "shelf")
    assert columns(server, database) == ["id", "title", "price"]
    result = foreign.ok("safe_migrate", "shelf", "zero")
    assert "2 migrations unapplied" in result.out
    assert columns(server, database) == []
    foreign.ok("safe_migrate", "shelf")
    server.query(database, "DELETE FROM django_migrations WHERE app = 'shelf'")
    foreign.ok("safe_migrate", "shelf", "0001", "--fake-initial")
    assert recorded(server, database) == ["0001_initial"]


def test_prune_forgets_migrations_whose_files_are_gone(
    foreign: Foreign, server: Server, database: str
) -> None:
    extra = foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.ok("safe_migrate")
    extra.unlink()
    foreign.ok("safe_migrate", "shelf", "--prune")
    assert recorded(server, database) == ["0001_initial"]
    assert_failure(
        foreign.run("safe_migrate", "--prune"),
        2,
        """
        SM-U105 Migrations can be pruned only when an app is specified.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_status
        More: docs/errors.md#sm-u105
        """,
    )


def test_each_database_has_its_own_control_tables_and_record(
    foreign: Foreign, server: Server, database: str
) -> None:
    with server.database() as second:
        foreign.write(
            "settings.py",
            (foreign.folder / "settings.py").read_text()
            + "DATABASES['other'] = {**DATABASES['default'], 'NAME': os.environ['SECOND']}\n",
        )
        foreign.variables["SECOND"] = second
        foreign.ok("safe_migrate", "--database", "other")
        assert columns(server, second) == ["id", "title"]
        assert runs(server, second) == [("done", 0)]
        assert server.query(database, "SELECT relname FROM pg_stat_user_tables") == []
        assert foreign.run("safe_status").code == 3
        foreign.ok("safe_status", "--database", "other")


def test_a_run_that_lost_its_lock_begins_no_further_migration(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_nap", "0001_initial", "migrations.RunPython(nap)", before=NAP)
    foreign.migration("0003_price", "0002_nap", ADD_PRICE)
    process = foreign.start("safe_migrate", NAP="2")
    wait_until(lambda: sleeping(server, database), "the first migration to be under way")
    server.query(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'safe_migrate runner'",
    )
    out, err = process.communicate(timeout=30)
    assert_failure(
        Result(process.returncode, out, err),
        7,
        """
        SM-R402 The run's own session, which holds its lock, was lost during apply: terminating
        connection due to administrator command
        State: 1 of 2 migrations are done and stay.
        Lost: Nothing was lost.
        Next: python manage.py safe_status
        python manage.py safe_migrate
        More: docs/errors.md#sm-r402
        """,
    )
    assert recorded(server, database) == ["0001_initial", "0002_nap"]
    assert columns(server, database) == ["id", "title"]
    foreign.ok("safe_migrate")
    assert columns(server, database) == ["id", "title", "price"]
