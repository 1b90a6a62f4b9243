"""What may be restored where, decided from plain values."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from safe_migrate.backups.manifest import Manifest
from safe_migrate.backups.restore import plan
from safe_migrate.backups.restore.plan import Accepted, Rights, Target

TARGET = Target(
    environment="staging",
    database="shop",
    system_identifier="7",
    server_major=16,
    exists=True,
    size=60_000_000,
    lsn="1/10",
)
NOTHING = Accepted()


@pytest.fixture
def manifest() -> Manifest:
    given: dict[str, object] = dict.fromkeys(Manifest.__dataclass_fields__, "")
    given |= {
        "id": "backup-staging-20261122T100000000000Z",
        "kind": "dump",
        "environment": "staging",
        "database": "shop",
        "system_identifier": "7",
        "server_major": 16,
        "lsn": "0/FFFFFFF0",
        "size": 1000,
        "total_size": 1000,
        "data": "the.recovery.txt",
    }
    return Manifest(**given)  # type: ignore[arg-type]


def code(manifest: Manifest, target: Target = TARGET, accepted: Accepted = NOTHING) -> str:
    refused = plan.refusal(manifest, target, accepted)
    return refused.code if refused else ""


def test_ones_own_backup_is_accepted(manifest: Manifest) -> None:
    assert code(manifest) == ""
    assert code(replace(manifest, server_major=15)) == ""


def test_another_environments_is_refused_until_it_is_named(manifest: Manifest) -> None:
    other = replace(manifest, environment="production")
    refused = plan.refusal(other, TARGET, Accepted())
    assert refused is not None
    assert (refused.code, refused.what) == (
        "SM-B402",
        "backup-staging-20261122T100000000000Z is a backup of production, and these settings are "
        "for staging.",
    )
    assert refused.next[0].endswith("--from-environment production")
    assert code(other, accepted=Accepted(environment="production")) == ""
    assert code(other, accepted=Accepted(environment="development")) == "SM-B402"


@pytest.mark.parametrize(
    "changed", [{"database": "other"}, {"system_identifier": "8"}, {"system_identifier": ""}]
)
def test_an_unknown_origin_is_refused_until_it_is_named(
    manifest: Manifest, changed: dict[str, str]
) -> None:
    other = replace(manifest, **changed)  # type: ignore[arg-type]
    refused = plan.refusal(other, TARGET, Accepted())
    assert refused is not None
    assert refused.code == "SM-B403"
    origin = f"{other.system_identifier or 'unknown'}/{other.database}"
    assert refused.next[0].endswith(f"--origin {origin}")
    assert code(other, accepted=Accepted(origin=origin)) == ""
    assert code(other, accepted=Accepted(origin="9/shop")) == "SM-B403"


def test_two_servers_that_do_not_tell_who_they_are_are_not_one(manifest: Manifest) -> None:
    unknown = replace(manifest, system_identifier="")
    assert code(unknown, replace(TARGET, system_identifier="")) == "SM-B403"


def test_the_command_to_repeat_keeps_what_was_accepted(manifest: Manifest) -> None:
    other = replace(manifest, environment="production", database="it's")
    refused = plan.refusal(other, TARGET, Accepted(environment="production"))
    assert refused is not None
    assert refused.next[0] == (
        "python manage.py safe_backup restore backup-staging-20261122T100000000000Z "
        "--from-environment production --origin '7/it'\"'\"'s'"
    )


def test_a_newer_servers_is_refused_whatever_is_accepted(manifest: Manifest) -> None:
    newer = replace(manifest, server_major=17)
    assert code(newer, accepted=Accepted("staging", "7/shop")) == "SM-B404"


def test_a_restore_point_holds_no_data(manifest: Manifest) -> None:
    assert code(replace(manifest, kind="restore-point")) == "SM-B401"


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        (Rights("u", True, "u", True), ""),
        (Rights("u", True, "", False), ""),  # there is no database of the name
        (Rights("u", False, "u", True), "User 'u' may not create databases:"),
        (Rights("u", True, "o", False), "User 'u' does not own 'shop', which belongs to 'o':"),
        (Rights("u", False, "o", False), "User 'u' may not create databases and does not own"),
    ],
)
def test_rights(rights: Rights, said: str) -> None:
    refused = plan.rights_refusal("ID", "shop", rights)
    assert (refused.what if refused else "").startswith(said)
    assert bool(refused) == bool(said)
    assert refused is None or refused.next[-1].endswith("restore ID --in-place")


def test_what_would_be_lost(manifest: Manifest) -> None:
    now = datetime(2026, 11, 22, 11, tzinfo=UTC)
    loss = plan.loss(manifest, TARGET, now)
    assert (loss.age_seconds, loss.wal_bytes, loss.estimate_seconds) == (3600, 32, 2)
    elsewhere = replace(manifest, system_identifier="8")
    assert plan.loss(elsewhere, TARGET, now).wal_bytes is None
    assert plan.loss(manifest, replace(TARGET, lsn=""), now).wal_bytes is None


def test_the_lock_table_must_hold_it_all() -> None:
    assert plan.too_many_locks(6400, 6400) is None
    refused = plan.too_many_locks(6401, 6400)
    assert refused is not None and refused.code == "SM-B411"
