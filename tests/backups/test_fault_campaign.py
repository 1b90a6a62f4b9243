"""A short form of .ci/fault-campaign: some faults of every family, and proof that it can tell."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import families, runner, subjects, world
from tests.faults.fault import Act, Fault, Outcome, Seen, Truth, judge
from tests.faults.runner import Skipped
from tests.faults.spy import Spy, in_files
from tests.projects import wait_until

# Family → which of its faults: a cheap choice that meets every kind of damage.
CHOSEN = {
    "damaged data": (
        *("cut short 4", "cut short 6", "cut short 7", "bytes appended 0"),
        *("a bit turned 0", "a bit turned 2", "a bit turned 3"),
        *("a block of zeros 0", "a block of zeros 2"),
    ),
    "damaged manifest": ("cut short 0", "a bit turned 0", "a bit turned 1", "a block of zeros 0"),
    "damaged sidecar": (
        ".verified.json a bit turned 0",
        ".pin.json cut short 0",
        "forged for a damaged backup 0",
    ),
    "edited and swapped manifests": (
        "size changed, plain seal",
        "owner changed, old seal",
        "objects of another type, rightly sealed",
        "another key's seal",
        "cut data, told so, plain seal",
        "no manifest",
        "another backup's data",
        "another backup's data and manifest",
        "a connector of the writer's choice",
    ),
    "other environments and servers": (
        "a backup of production",
        "another server's",
        "dbrestore takes the newest of all",
        "dbrestore takes the newest of all files",
    ),
    "paths and links": (
        "restore '../../stored/usual/{id}'",
        "restore '{folder}/{id}'",
        "the data is a link",
        "a link to nothing",
    ),
    "directory format": ("no folder", "a bit turned 0"),
    "restore in place": ("cut short 0", "a bit turned 0", "kill of us before COMMIT"),
    "kills": (
        "us, backup: during the dump",
        "us, backup: while it is stored",
        "us, backup: between data and manifest",
        "us, restore: between the two renames",
    ),
    "full disks": ("storage with room for 50% and 0 pages, create",),
    "client programs": (
        "pg_dump writes half and exits 0, create",
        "older, create",
        "missing, create",
    ),
    "credentials": ("wrong password, create", "empty password, restore"),
    "locks": ("a view being dropped for 0.4 s, create",),
    "the same moment": ("another before it is published",),
    "names": ("database '-shop'", "role 'the \"shop\"'", 'schema "shop\'s"'),
}


def chosen() -> list[Fault]:
    return [each for each in families.all_faults() if each.name in CHOSEN.get(each.family, ())]


# What the harness must see in stock dbbackup; more than these would only cost time.
LISTED = {"us, backup: while it is stored"}
ACCEPTED = {
    "another backup's data",
    "a connector of the writer's choice",
    "dbrestore takes the newest of all files",
    "pg_dump writes half and exits 0, create",
    "database '-shop'",
}


def inject() -> list[Outcome | Skipped]:
    """All of them into ours, and some into stock dbbackup's plain connector, side by side."""
    stock = [fault for fault in chosen() if fault.name in LISTED | ACCEPTED]
    faults = {"ours": chosen()[::2], "ours2": chosen()[1::2], "plain": stock}
    with ExitStack() as stack:
        own = stack.enter_context(world.opened())
        spy = stack.enter_context(Spy())
        known = [stack.enter_context(subjects.opened(own, name)) for name in faults]
        with ThreadPoolExecutor(len(known)) as threads:
            done = threads.map(lambda one: list(runner.run(faults[one.name], one, spy)), known)
            return [outcome for group in done for outcome in group]


def test_every_fault_that_is_named_there_is() -> None:
    assert {each.name for each in chosen()} == {name for group in CHOSEN.values() for name in group}


def test_ours_survives_and_the_harness_sees_what_stock_dbbackup_does() -> None:
    """One test, since it is one campaign: tests of one file may run in several processes."""
    found = inject()
    skipped = [each for each in found if isinstance(each, Skipped)]
    known = ("needs root", "is not installed")
    assert [each for each in skipped if not any(word in each.why for word in known)] == []
    outcomes = [each for each in found if isinstance(each, Outcome)]
    ours = [outcome for outcome in outcomes if outcome.subject == "ours"]
    stock = [outcome for outcome in outcomes if outcome.subject == "plain"]
    assert [(o.family, o.name, o.why, o.notes) for o in ours if o.bad] == []
    assert len(ours) + len(skipped) >= 48
    assert {outcome.name for outcome in stock if outcome.listed} == LISTED
    assert {outcome.name for outcome in stock if outcome.accepted} == ACCEPTED


@pytest.mark.parametrize(
    ("seen", "column"),
    [
        (Seen(said_good=["list: readable"]), "accepted"),
        (Seen(restored=False), "accepted"),
        (Seen(unrestorable=True), "accepted"),
        (Seen(listed=["a file"]), "listed"),
        (Seen(changed=["a restore"]), "changed"),
        (Seen(leaked=["the password"]), "leaked"),
        (Seen(stuck=["again"]), "stuck"),
    ],
)
def test_each_bad_end_has_its_column(seen: Seen, column: str) -> None:
    fault = Fault(family="f", name="n", act=Act.STORED, inject=lambda trial: None)
    outcome = judge(fault, "ours", seen)
    columns = ("accepted", "listed", "changed", "leaked", "stuck")
    assert [name for name in columns if getattr(outcome, name)] == [column]
    assert outcome.bad


def test_a_good_backup_may_be_restored_and_a_foreign_one_may_not() -> None:
    for truth, accepted in ((Truth.GOOD, False), (Truth.REFUSED, True)):
        fault = Fault(family="f", name="n", act=Act.STORED, inject=lambda trial: None, truth=truth)
        assert judge(fault, "ours", Seen(restored=True)).accepted is accepted


def test_a_secret_in_arguments_and_in_files_is_seen(tmp_path: Path) -> None:
    secret = {"the password": "s3cr3t-for-this-test"}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"connecting with {secret['the password']}\n")
    assert in_files(secret, [tmp_path]) == ["the password in log"]
    with Spy() as spy:
        spy.secrets |= secret
        words = [sys.executable, "-c", "input()", secret["the password"]]
        with subprocess.Popen(words, stdin=subprocess.PIPE) as careless:
            [found] = wait_until(lambda: spy.seen(secret), "the spy")
            careless.communicate(b"\n")
    assert found.startswith("the password in the arguments: ")
    assert secret["the password"] not in found
