"""What only looks: --plan, --check, safe_status, safe_doctor. It answers, and writes nothing."""

from typing import Any

import pytest

from tests.projects import Foreign, Project, assert_failure
from tests.servers import Server

ADD_PRICE = 'migrations.AddField("Book", "price", models.IntegerField(null=True))'


def everything(server: Server, database: str) -> list[tuple[Any, ...]]:
    """Every table with its exact rows as one hash, and every relation in the catalog."""
    tables = server.query(
        database, "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
    )
    hashes = [
        server.query(
            database,
            f"SELECT '{table}', md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t",
        )[0]
        for (table,) in tables
    ]
    relations = server.query(
        database, "SELECT oid, relname, relfilenode FROM pg_class WHERE oid >= 16384 ORDER BY 1"
    )
    return [*sorted(hashes), *relations]


LOOKS = (
    (["safe_migrate", "--plan"], 0),
    (["safe_migrate", "--check"], 3),
    (["safe_status"], 3),
    (["safe_doctor"], 0),
    (["safe_migrate", "--plan", "--format", "json"], 0),
)


@pytest.mark.parametrize("used", [False, True])
def test_looking_writes_nothing(
    foreign: Foreign, server: Server, database: str, backups: Any, used: bool
) -> None:
    if used:
        foreign.ok("safe_migrate")
        foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    before = everything(server, database)
    files = sorted(backups.rglob("*")) if backups.exists() else []
    for words, code in LOOKS:
        assert foreign.run(*words).code == code, words
    assert everything(server, database) == before
    assert (sorted(backups.rglob("*")) if backups.exists() else []) == files


def test_check_and_status_end_with_3_only_while_something_is_pending(foreign: Foreign) -> None:
    looked = foreign.run("safe_migrate", "--check", "--format", "json")
    assert (looked.code, looked.document["exit_code"], looked.document["ok"]) == (3, 3, True)
    result = foreign.run("safe_status")
    assert result.code == 3
    assert ": unstamped" in result.out
    assert "  [ ] 0001_initial" in result.out
    foreign.ok("safe_migrate")
    foreign.ok("safe_migrate", "--check")
    assert "  [x] 0001_initial" in foreign.ok("safe_status").out


def test_a_plan_shows_operations_with_their_sql_at_80_columns(foreign: Foreign) -> None:
    foreign.migration(
        "0002_price",
        "0001_initial",
        f'{ADD_PRICE}, migrations.RunPython(nothing), migrations.RunSQL("UPDATE shelf_book SET '
        "title = 'a title that is so long that it does not fit into one line of a terminal'\")",
        before="def nothing(apps, schema_editor):\n    pass",
    )
    out = foreign.ok("safe_migrate", "--plan").out
    assert "apply shelf.0002_price (one transaction)" in out
    assert '      ALTER TABLE "shelf_book" ADD COLUMN "price" integer NULL;' in out
    assert "      runs Python code" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "To apply: python manage.py safe_migrate" in out


def test_an_operation_that_writes_while_it_is_only_shown_cannot(
    foreign: Foreign, server: Server, database: str
) -> None:
    """Seen with third parties: their own cursor ignores collect_sql and writes for real."""
    foreign.ok("safe_migrate")
    foreign.migration(
        "0002_sneaky",
        "0001_initial",
        f"Sneaky(), {ADD_PRICE}",
        before="""
        class Sneaky(migrations.RunSQL):
            def __init__(self):
                super().__init__("SELECT 1")

            def database_forwards(self, app_label, schema_editor, before, after):
                with schema_editor.connection.cursor() as cursor:
                    cursor.execute("INSERT INTO shelf_book (title) VALUES ('sneaked in')")
        """,
    )
    out = foreign.ok("safe_migrate", "--plan").out
    assert "its SQL cannot be known beforehand (InternalError: cannot execute INSERT" in " ".join(
        out.split()
    )
    assert 'ADD COLUMN "price"' in out
    assert server.query(database, "SELECT count(*) FROM shelf_book") == [(0,)]


def test_a_plan_backwards_shows_the_reverse(foreign: Foreign) -> None:
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    foreign.ok("safe_migrate")
    out = foreign.ok("safe_migrate", "shelf", "0001", "--plan").out
    assert "unapply shelf.0002_price (one transaction)" in out
    assert 'DROP COLUMN "price"' in out


def test_status_has_the_history_and_the_newest_verified_backup(foreign: Foreign) -> None:
    foreign.ok("safe_migrate")
    foreign.migration("0002_broken", "0001_initial", 'migrations.RunSQL("SELECT 1/0")')
    assert foreign.run("safe_migrate").code == 6
    result = foreign.run("safe_status", "--history")
    assert "failed_unchanged SM-R301" in result.out
    assert "Last backup: backup-staging-" in result.out
    assert ", readable, " in result.out
    document = foreign.run("safe_status", "--format", "json").document
    assert document["pending"] == ["shelf.0002_broken"]
    assert document["last_failed"]["error"] == "SM-R301"
    assert document["last_verified_backup"]["level"] == "readable"


def test_containers_wait_until_everything_is_applied(foreign: Foreign) -> None:
    waiting = foreign.start("safe_status", "--wait-until-applied", "60")
    foreign.ok("safe_migrate")
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, out + err
    foreign.migration("0002_price", "0001_initial", ADD_PRICE)
    assert foreign.run("safe_status", "--wait-until-applied", "0.1").code == 3


def test_the_doctor_shows_every_line_with_its_remedy(
    foreign: Foreign, server: Server, tmp_path: Any
) -> None:
    result = foreign.run("safe_doctor", PG_BIN=str(tmp_path))
    assert result.code == 4
    for check in ("connect", "stamp", "server", "rights", "history", "leftovers", "activity"):
        assert f"ok   {check}" in result.out, result.out
    assert "FAIL pg_dump" in result.out
    assert f"-> apt-get install postgresql-client-{server.major}" in result.out
    assert "ok   backups" in result.out


def test_the_doctor_answers_where_nothing_else_can(foreign: Foreign) -> None:
    result = foreign.run("safe_doctor", URL="postgresql://u:p@127.0.0.1:1/nowhere")
    assert result.code == 4
    assert "FAIL connect" in result.out
    assert "-> Check host and port in DATABASE_URL" in result.out


def test_a_long_transaction_is_named(foreign: Foreign, server: Server, database: str) -> None:
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + "SAFE_MIGRATE['POLICY']['LONG_TRANSACTION_SECONDS'] = 0.1\n",
    )
    with server.connect(database, application_name="old report") as session:
        pid = session.info.backend_pid
        with session.transaction():
            session.execute("SELECT 1")
            out = foreign.ok("safe_doctor").out
    assert "WARN activity  a transaction is open since" in out
    assert f"-> SELECT pg_terminate_backend({pid});" in out


def test_the_doctor_prints_the_policy(foreign: Foreign) -> None:
    out = foreign.ok("safe_doctor", "--policy").out
    document = foreign.ok("safe_doctor", "--policy", "--format", "json").document
    assert document["policy"]["BUDGET_MS"] == 50
    assert document["policy"]["BACKUP_REQUIRED"] is True
    assert "BUDGET_MS                 50" in out
    assert "LOCK_RETRY_SECONDS        3" in out


def test_a_clone_is_restamped_only_with_the_databases_name(
    foreign: Foreign, server: Server, database: str
) -> None:
    foreign.ok("safe_migrate", ENVIRONMENT="production")
    assert_failure(
        foreign.run("safe_doctor", "--stamp", "staging", "--noinput", "--confirm", "other"),
        4,
        f"""
        SM-E114 Stamping as staging: '{database}' was not confirmed: 'other' is not its name.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: Add: --noinput --confirm {database}
        More: docs/errors.md#sm-e114
        """,
    )
    foreign.ok("safe_doctor", "--stamp", "staging", "--noinput", "--confirm", database)
    foreign.ok("safe_migrate")


def test_unknown_apps_and_migrations(foreign: Foreign) -> None:
    assert_failure(
        foreign.run("safe_migrate", "shelff"),
        2,
        """
        SM-U101 There is no app labelled 'shelff'. Apps with migrations: safe_migrate, shelf.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_status
        More: docs/errors.md#sm-u101
        """,
    )
    assert_failure(
        foreign.run("safe_migrate", "shelf", "0009"),
        2,
        """
        SM-U103 The app 'shelf' has no migration that begins with '0009'.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_status shelf
        More: docs/errors.md#sm-u103
        """,
    )
    foreign.migration("0002_a", "0001_initial", "")
    foreign.migration("0003_b", "0002_a", "")
    assert_failure(
        foreign.run("safe_migrate", "shelf", "000"),
        2,
        """
        SM-U104 More than one migration of 'shelf' begins with '000': 0001_initial, 0002_a, 0003_b.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_status shelf
        More: docs/errors.md#sm-u104
        """,
    )
    assert foreign.run("safe_migrate", "dbbackup").failure().startswith("SM-U102")
    assert foreign.run("safe_migrate", "--no-such-option").code == 2


def test_json_comes_also_on_failure(foreign: Foreign) -> None:
    foreign.migration("0002_broken", "0001_initial", 'migrations.RunSQL("SELECT 1/0")')
    result = foreign.run("safe_migrate", "--format", "json")
    assert result.code == 7
    document = result.document
    assert (document["schema"], document["ok"]) == ("safe_migrate.run/1", False)
    assert document["error"]["code"] == "SM-R301"
    assert document["applied"] == ["safe_migrate.0001_control_tables", "shelf.0001_initial"]


def test_a_backup_cannot_be_waived_in_production(
    foreign: Foreign, server: Server, database: str
) -> None:
    assert_failure(
        foreign.run("safe_migrate", "--backup", "never", ENVIRONMENT="production"),
        4,
        """
        SM-B120 --backup never is not accepted in production: no migration runs there without a
        verified backup.
        State: The database was not touched.
        Lost: Nothing was lost.
        Next: python manage.py safe_migrate --backup auto
        More: docs/errors.md#sm-b120
        """,
    )
    assert everything(server, database) == []
    foreign.ok("safe_migrate", "--backup", "never")


def test_the_shop_in_staging_is_migrated_from_nothing_with_a_backup(shop: Project) -> None:
    document = shop.ok("safe_migrate", "--format", "json").document
    assert "orders.0001_initial" in document["applied"]
    assert document["backup"]["level"] == "readable"
    shop.ok("makemigrations", "--check")
