"""What an interrupted run, of ours or of anybody's, left behind in the database."""

from collections.abc import Iterator

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog, control, locks

CHECK = "leftovers"


def examine(run: Run) -> Iterator[Finding]:
    """INVALID indexes refuse a run; an unfinished run of ours is named and taken up."""
    invalid = catalog.invalid_indexes(run.session)
    for index, table in invalid:
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL if run.pending else Grade.WARN,
            code="SM-E151",
            text=f"The index {index} on {table} is INVALID: building it CONCURRENTLY was "
            "interrupted. It is maintained but never used, and its migration cannot run again.",
            remedy=(f"DROP INDEX CONCURRENTLY {index};",),
        )
    # While another run holds the lock, its row is unfinished because it is running.
    running = locks.find_holder(run.session) is not None
    unfinished = [] if running else control.unfinished_runs(run.session)
    for started_at, command in unfinished[:1]:
        yield Finding(
            check=CHECK,
            grade=Grade.WARN,
            text=f"the {command} run of {started_at:%Y-%m-%d %H:%M:%S} UTC was cut off; "
            "this run takes up where it ended",
        )
    if not invalid and not unfinished:
        yield Finding(check=CHECK, grade=Grade.OK, text="nothing left over from earlier runs")
