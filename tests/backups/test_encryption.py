"""Backups for certain eyes only: made with a public key, read with the private one."""

import sys
from pathlib import Path

import pyrage
import pytest

from safe_migrate.backups import age
from safe_migrate.errors import Refused
from tests.backups.unpacked import unpacked
from tests.projects import Foreign, assert_failure
from tests.servers import Server

SECRET = "a-word-that-no-other-file-holds"


@pytest.fixture
def identity(tmp_path: Path) -> pyrage.x25519.Identity:
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# public key: {key.to_public()}\n{key}\n")
    return key


@pytest.fixture
def encrypting(
    foreign: Foreign,
    identity: pyrage.x25519.Identity,
    server: Server,
    database: str,
    tmp_path: Path,
) -> Foreign:
    """A project with something to hide, and a recipient; the identity is given by a variable."""
    foreign.write(
        "settings.py",
        (foreign.folder / "settings.py").read_text()
        + "SAFE_MIGRATE['AGE_RECIPIENTS'] = [os.environ['RECIPIENT']]\n"
        "SAFE_MIGRATE['AGE_IDENTITY_FILE'] = os.environ.get('IDENTITY')\n",
    )
    foreign.variables["RECIPIENT"] = str(identity.to_public())
    server.query(database, f"CREATE TABLE secret AS SELECT '{SECRET}'::text AS word")
    return foreign


def test_only_the_public_key_is_needed_to_make_and_verify_one(
    encrypting: Foreign, backups: Path
) -> None:
    report = encrypting.ok("safe_migrate", "--format", "json").document
    assert report["backup"]["data"] == f"{report['backup']['id']}.dump.zst.age"
    assert report["backup"]["level"] == "readable"
    for path in backups.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    result = encrypting.run("safe_backup", "verify", "--latest", "--level", "restored")
    assert result.code == 8
    assert "SM-B307" in result.out
    assert "is encrypted, and there is no key here to read it." in result.out


def test_with_the_private_key_it_restores(
    encrypting: Foreign, server: Server, database: str, tmp_path: Path, backups: Path
) -> None:
    identifier = encrypting.ok("safe_migrate", "--format", "json").document["backup"]["id"]
    key = {"IDENTITY": str(tmp_path / "key.txt")}
    encrypting.ok("safe_backup", "verify", identifier, "--level", "readable", **key)
    encrypting.ok("safe_backup", "verify", identifier, "--level", "restored", **key)
    copy = f"{database}_copy"
    encrypting.ok("safe_backup", "restore", identifier, "--to", copy, **key)
    try:
        assert server.query(copy, "SELECT word FROM secret") == [(SECRET,)]
    finally:
        server.query("postgres", f'DROP DATABASE "{copy}"')


def test_without_recipients_pyrage_need_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    age.require(())
    with pytest.raises(Refused) as caught:
        age.require(("age1",))
    assert caught.value.code == "SM-B701"


def test_the_stored_file_is_what_age_itself_reads(
    encrypting: Foreign, identity: pyrage.x25519.Identity, tmp_path: Path, backups: Path
) -> None:
    """As in docs/backups.md: age --decrypt -i key.txt … | zstd -dc | pg_restore."""
    data = encrypting.ok("safe_migrate", "--format", "json").document["backup"]["data"]
    plain = tmp_path / "plain.zst"
    plain.write_bytes(pyrage.decrypt((backups / data).read_bytes(), [identity]))
    assert unpacked(plain).startswith(b"PGDMP")


def test_another_private_key_does_not_open_it(
    encrypting: Foreign, tmp_path: Path, backups: Path
) -> None:
    backup = encrypting.ok("safe_migrate", "--format", "json").document["backup"]
    other = tmp_path / "other.txt"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    result = encrypting.run("safe_backup", "verify", backup["id"], IDENTITY=str(other))
    assert result.code == 8
    assert f"SM-B313 {backups}/{backup['data']} cannot be decrypted with {other}" in result.out
    # It is the key that is wrong, not the backup: what was known of it is still known.
    assert f"{backup['id']}, readable" in encrypting.ok("safe_status").out


def test_damage_is_found_without_the_private_key(encrypting: Foreign, backups: Path) -> None:
    backup = encrypting.ok("safe_migrate", "--format", "json").document["backup"]
    data = backups / backup["data"]
    whole = bytearray(data.read_bytes())
    whole[len(whole) // 2] ^= 4
    data.write_bytes(whole)
    result = encrypting.run("safe_backup", "verify", backup["id"])
    assert result.code == 8
    assert "SM-B301" in result.out


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (
            {"RECIPIENT": "age1nonsense"},
            """
            SM-B704 SAFE_MIGRATE['AGE_RECIPIENTS'] has 'age1nonsense'…, which is no public key:
            invalid Bech32 encoding
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: Give keys that begin with age1, ssh-ed25519 or ssh-rsa.
            More: docs/errors.md#sm-b704
            """,
        ),
        (
            {"IDENTITY": "/nowhere/key.txt"},
            """
            SM-B702 The identity file /nowhere/key.txt cannot be read: No such file or directory.
            State: The database was not touched.
            Lost: Nothing was lost.
            Next: Set SAFE_MIGRATE['AGE_IDENTITY_FILE'] to the file of the private key.
            More: docs/errors.md#sm-b702
            """,
        ),
    ],
)
def test_keys_that_cannot_be_used(
    encrypting: Foreign, variables: dict[str, str], expected: str
) -> None:
    assert_failure(encrypting.run("safe_migrate", **variables), 4, expected)


def test_the_stream_ends_with_the_disk_that_it_is_written_to(
    encrypting: Foreign, server: Server, database: str, small_disk: Path
) -> None:
    server.query(
        database,
        "CREATE TABLE noise AS SELECT (SELECT string_agg(md5(format('%s %s', i, j)), '')"
        " FROM generate_series(1, 100) j) FROM generate_series(1, 2000) i",
    )
    where = small_disk / "backups"
    encrypting.ok("safe_migrate", "--backup", "never")
    result = encrypting.run("safe_backup", "create", BACKUPS=str(where))
    assert result.failure().startswith("SM-B204  The disk is full after "), result.err
    assert [path.name for path in where.iterdir() if path.is_file()] == []
