"""`python -m tests.faults`: the whole campaign, or the families that are named."""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from importlib import metadata

from safe_migrate.postgres import tools
from tests.faults import families, runner, subjects, table, world
from tests.faults.fault import Fault, Outcome
from tests.faults.runner import Skipped
from tests.faults.spy import Spy
from tests.faults.subjects import Subject
from tests.projects import ROOT

SUBJECTS = ("ours", "binary", "plain")
MANY = 60
PAGE = ROOT / "docs" / "faults.md"


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
    found = campaign(chosen, given.subjects.split(","))
    for outcome in found:
        if isinstance(outcome, Skipped) or outcome.bad or given.verbose:
            tell(outcome, verbose=given.verbose or outcome.subject == "ours")
    print(f"{len(found)} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    outcomes = [outcome for outcome in found if isinstance(outcome, Outcome)]
    if not given.families and given.every == 1 and given.subjects == ",".join(SUBJECTS):
        publish(outcomes, [each for each in found if isinstance(each, Skipped)])
    return int(any(outcome.bad for outcome in outcomes if outcome.subject == "ours"))


def publish(outcomes: Sequence[Outcome], skipped: Sequence[Skipped]) -> None:
    """Write the table into the page."""
    told = sorted({f"{each.subject}: {each.family}, {each.name}: {each.why}" for each in skipped})
    names = ("django", "django-dbbackup", "psycopg", "django-storages", "moto")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    postgresql = tools.find_client(None, 18).version
    said = f"{date.today():%d %B %Y}; PostgreSQL {postgresql}, Python {sys.version.split()[0]}"
    PAGE.write_text(
        table.replaced(PAGE.read_text(), table.render(outcomes, told, f"{said}, {versions}."))
    )


def campaign(faults: Sequence[Fault], names: Sequence[str]) -> list[Outcome | Skipped]:
    """Every fault in every subject; the subjects side by side, but for faults of the server."""
    shared = [fault for fault in faults if not fault.alone]
    alone = [fault for fault in faults if fault.alone]
    # Ours has the most faults and commands, so two of it share them.
    workers = [*names, *(f"{name}2" for name in names if name == "ours" and len(shared) > MANY)]
    with ExitStack() as stack:
        own = stack.enter_context(world.opened())
        spy = stack.enter_context(Spy())
        known = [stack.enter_context(subjects.opened(own, name)) for name in workers]

        def share_of(subject: Subject) -> list[Outcome | Skipped]:
            kin = [each for each in known if each.kind == subject.kind]
            mine = shared[kin.index(subject) :: len(kin)]
            return list(runner.run(mine, subject, spy))

        with ThreadPoolExecutor(len(known)) as threads:
            found = [outcome for group in threads.map(share_of, known) for outcome in group]
        for subject in known[: len(names)]:
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
