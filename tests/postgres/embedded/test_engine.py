"""The Django engine: a server there as soon as, and only when, a connection is opened."""

from pathlib import Path

import pytest

from tests.postgres.embedded.world import User, processes, run

DJANGO = """
import os, sys
from pathlib import Path
import django
from django.conf import settings
embedded = {"ROOT": Path(sys.argv[1]), "MAJOR": 18, "SETTINGS": {"fsync": "off"}}
database = {"ENGINE": "safe_migrate.postgres.embedded", "NAME": "shop", "EMBEDDED": embedded}
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=[])
django.setup()
from django.core.management import call_command
from django.db import OperationalError, connection
def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]
"""


def test_nothing_starts_before_a_connection_is_opened(root: Path) -> None:
    script = f"""{DJANGO}
call_command("check")
print(connection.vendor, repr(connection.settings_dict["HOST"]))
"""
    assert run(root, script)[-1:] == ["postgresql ''"]
    assert not root.exists()


def test_the_database_is_created_and_the_address_set(root: Path) -> None:
    script = f"""{DJANGO}
print(ask("SELECT current_database()"))
print(connection.settings_dict["HOST"], connection.settings_dict["USER"])
print(connection.settings_dict["PORT"] == ask("SELECT current_setting('port')"))
"""
    users = [User(root, script) for _ in range(4)]
    for user in users:
        assert user.leave() == ["shop", "127.0.0.1 postgres", "True"]
    assert processes(root) == {}


def test_a_database_that_the_settings_do_not_name_is_not_created(root: Path) -> None:
    script = f"""{DJANGO}
for name in ("other", "test_shop"):
    wrapper = connection.copy()
    wrapper.settings_dict["NAME"] = name
    try:
        wrapper.ensure_connection()
    except OperationalError as error:
        print(str(error).strip().partition("FATAL:  ")[2])
"""
    assert run(root, script) == [
        'database "other" does not exist',
        'database "test_shop" does not exist',
    ]


def test_test_databases_are_created_cloned_and_dropped_by_django(root: Path) -> None:
    script = f"""{DJANGO}
def databases():
    print(ask("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"))
connection.creation.create_test_db(verbosity=0, autoclobber=True)
connection.close()
connection.creation.clone_test_db("gw1", verbosity=0)
databases()
connection.close()
connection.creation.destroy_test_db(suffix="gw1", verbosity=0)
connection.creation.destroy_test_db("shop", verbosity=0)
databases()
"""
    assert run(root, script) == [
        "postgres template0 template1 test_shop test_shop_gw1",
        "postgres shop template0 template1",
    ]


@pytest.mark.parametrize("victim", ["postmaster", "backend", "neither"])
def test_the_next_connection_after_a_kill_works(root: Path, victim: str) -> None:
    script = f"""{DJANGO}
pids = {{"backend": ask("SELECT pg_backend_pid()")}}
pids["postmaster"] = int((Path(sys.argv[1]) / "18" / "postmaster.pid").read_text().split()[0])
if {victim!r} in pids:
    os.kill(pids[{victim!r}], 9)
connection.close()
print(ask("SELECT 42"))
"""
    assert run(root, script) == ["42"]


def test_a_refused_connection_stays_refused(root: Path) -> None:
    script = f"""{DJANGO}
ask("SELECT 1")
connection.close()
with connection._nodb_cursor() as cursor:
    cursor.execute("ALTER DATABASE shop ALLOW_CONNECTIONS false")
try:
    connection.ensure_connection()
except OperationalError as error:
    print(str(error).strip().partition("FATAL:  ")[2])
"""
    assert run(root, script) == ['database "shop" is not currently accepting connections']


def test_dbshell_starts_the_server_and_brings_its_own_psql(root: Path) -> None:
    script = f"""{DJANGO}
os.environ["PATH"] = ""
call_command("dbshell", "--", "-Atc", "SELECT current_database()")
"""
    assert run(root, script) == ["shop"]
