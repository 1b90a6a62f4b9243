"""`python -m tests.faults`: the whole campaign, or the families that are named."""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.faults import families, runner, subjects, world
from tests.faults.fault import Fault, Outcome
from tests.faults.runner import Skipped
from tests.faults.spy import Spy
from tests.faults.subjects import Subject

SUBJECTS = ("ours", "binary", "plain")


def main() -> int:
    """Exit code 1 where ours did not survive a fault."""
    parser = argparse.ArgumentParser(prog="fault-campaign")
    parser.add_argument("families", nargs="*", help="Only families with one of these in the name.")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--every", type=int, default=1, help="Only every so many-th fault.")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    chosen = [
        fault
        for fault in families.all_faults()
        if not given.families or any(word in fault.family for word in given.families)
    ][:: given.every]
    begun = time.monotonic()
    outcomes = campaign(chosen, given.subjects.split(","))
    for outcome in outcomes:
        if isinstance(outcome, Skipped) or outcome.bad or given.verbose:
            tell(outcome, verbose=given.verbose or outcome.subject == "ours")
    print(f"{len(outcomes)} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return int(any(o.bad for o in outcomes if isinstance(o, Outcome) and o.subject == "ours"))


def campaign(faults: Sequence[Fault], names: Sequence[str]) -> list[Outcome | Skipped]:
    """Every fault in every subject; the subjects side by side, but for faults of the server."""
    shared = [fault for fault in faults if not fault.alone]
    alone = [fault for fault in faults if fault.alone]
    with ExitStack() as stack:
        own = stack.enter_context(world.opened())
        spy = stack.enter_context(Spy())
        known = [stack.enter_context(subjects.opened(own, name)) for name in names]

        def all_of(subject: Subject) -> list[Outcome | Skipped]:
            return list(runner.run(shared, subject, spy))

        with ThreadPoolExecutor(len(known)) as threads:
            found = [outcome for group in threads.map(all_of, known) for outcome in group]
        for subject in known:
            found += runner.run(alone, subject, spy)
    return found


def tell(outcome: Outcome | Skipped, *, verbose: bool) -> None:
    """A line, or all that is known of it."""
    if isinstance(outcome, Skipped):
        print(f"{outcome.subject}: {outcome.family}, {outcome.name}: skipped: {outcome.why}")
        return
    print(f"{outcome.subject}: {outcome.family}, {outcome.name}: {'; '.join(outcome.why) or 'ok'}")
    if verbose:
        print("".join(f"    {note}\n" for note in outcome.notes), end="")


if __name__ == "__main__":
    sys.exit(main())
