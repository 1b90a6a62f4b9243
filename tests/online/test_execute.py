"""Manners: how long we wait, how often we try, and that half a migration is never recorded."""

import pytest

from safe_migrate.online.execute import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, pause_seconds
from safe_migrate.pipeline.apply import lock_timeout_ms
from tests.projects import Foreign, kill, wait_until
from tests.servers import Server


@pytest.mark.parametrize(
    ("budget", "deadlock_timeout", "expected"),
    [(50, 1000, 50), (800, 1000, 500), (50, 60, 30), (50, 1, 1), (0, 1000, 1)],
)
def test_our_place_in_a_queue_is_short_and_never_wins_a_deadlock(
    budget: int, deadlock_timeout: int, expected: int
) -> None:
    assert lock_timeout_ms(budget, deadlock_timeout) == expected


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    least = [pause_seconds(attempt, 0.0) for attempt in range(12)]
    most = [pause_seconds(attempt, 1.0) for attempt in range(12)]
    assert set(least) == {FIRST_PAUSE_SECONDS}
    assert most[:3] == pytest.approx([0.1, 0.15, 0.25])
    assert most[-1] == FIRST_PAUSE_SECONDS + LONGEST_PAUSE_SECONDS


CONCURRENT = 'AddIndexConcurrently("Book", models.Index(fields=["title"], name="by_title"))'


def test_an_index_built_concurrently_waits_for_others_without_being_cut_short(
    foreign: Foreign, server: Server, database: str
) -> None:
    """Under lock_timeout it would be given up in the middle and leave an INVALID index."""
    foreign.ok("safe_migrate")
    foreign.migration("0002_index", "0001_initial", CONCURRENT, atomic=False)
    with server.connect(database) as writer, writer.transaction():
        writer.execute("INSERT INTO shelf_book (title) VALUES ('x')")
        process = foreign.start("safe_migrate")
        wait_until(
            lambda: server.query(database, "SELECT 1 FROM pg_stat_progress_create_index"),
            "the index to be under way",
        )
        # It waits for the writer, far longer than the lock timeout, and stays.
        with pytest.raises(AssertionError, match="in vain"):
            wait_until(lambda: process.poll() is not None, "the run to end", 1.0)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err
    assert server.query(
        database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_title'::regclass"
    ) == [(True,)]


def test_a_statement_outside_a_transaction_is_tried_again_by_itself(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_both",
        "0001_initial",
        "migrations.RunSQL(\"INSERT INTO shelf_book (title) VALUES ('once')\"),"
        ' migrations.AddField("Book", "price", models.IntegerField(null=True))',
        atomic=False,
    )
    with server.connect(database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM shelf_book")
        process = foreign.start("safe_migrate")
        assert process.stderr is not None
        for line in process.stderr:
            if "lock not obtained" in line:
                reader.execute("COMMIT")
                break
    process.communicate(timeout=30)
    assert process.returncode == 0
    # The statement before it was not run again with it.
    assert server.query(database, "SELECT title FROM shelf_book") == [("once",)]


def test_a_migration_with_deferred_sql_and_its_record_commit_together(
    foreign: Foreign, server: Server, database: str
) -> None:
    """Django writes the record in a second transaction there; a kill in between loses it."""
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_author",
        "0001_initial",
        'migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)),'
        ' ("book", models.ForeignKey("shelf.Book", models.CASCADE))])',
    )
    # The record's INSERT is made to wait: what is committed before it would be seen.
    with server.connect(database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE django_migrations IN SHARE MODE")
        process = foreign.start("safe_migrate", "--backup", "never")
        wait_until(lambda: blocked_on_record(server, database), "the record to wait", 20)
        assert server.query(database, "SELECT to_regclass('shelf_author')") == [(None,)]
        kill(process)
    foreign.ok("safe_migrate")
    assert server.query(database, "SELECT count(*) FROM shelf_author") == [(0,)]


def blocked_on_record(server: Server, database: str) -> list[tuple[object, ...]]:
    return server.query(
        database,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"django_migrations%%'",
    )
