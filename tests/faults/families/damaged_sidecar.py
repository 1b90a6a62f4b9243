"""What stands beside a backup: how far it was verified, and why it is kept. The backup is whole."""

import json
from collections.abc import Iterator
from functools import partial

from tests.faults.families import damaged_data
from tests.faults.fault import Act, Fault, Truth
from tests.faults.runner import Trial

NAME = "damaged sidecar"
BLOCK = 16


def strike(trial: Trial, how: str, suffix: str) -> None:
    """Damage it; a pin is made first."""
    assert trial.stored
    path = trial.path(trial.stored.identifier + suffix)
    if suffix == ".pin.json":
        trial.run("safe_backup", "pin", trial.stored.identifier, "--reason", "a fault")
    path.write_bytes(damaged_data.damage(path.read_bytes().rstrip(), how, trial, BLOCK))


def forge(trial: Trial, bad: bool) -> None:
    """A sidecar that says `restored`, by somebody who can write to the storage."""
    assert trial.stored
    manifest = json.loads(trial.path(trial.stored.manifest).read_text())
    moment = "2026-11-22T00:00:00Z"
    content = {"level": "restored", "at": moment, "levels": {"restored": moment}}
    path = trial.path(trial.stored.identifier + ".verified.json")
    path.write_text(json.dumps(content | {"sha256": manifest["sha256"]}))
    if bad:
        damaged_data.strike(trial, "a bit turned")


def faults() -> Iterator[Fault]:
    """Random places, and forgeries."""
    for suffix in (".verified.json", ".pin.json"):
        for how in ("cut short", "a bit turned", "a block of zeros"):
            for at in range(4):
                yield Fault(
                    family=NAME,
                    name=f"{suffix} {how} {at}",
                    act=Act.STORED,
                    inject=partial(strike, how=how, suffix=suffix),
                    truth=Truth.GOOD,
                    only=("ours",),
                    asked=("list", "verify", "list", "restore"),
                )
    for at in range(4):
        yield Fault(
            family=NAME,
            name=f"forged for a damaged backup {at}",
            act=Act.STORED,
            inject=partial(forge, bad=True),
            only=("ours",),
            asked=("list", "restore"),
        )
