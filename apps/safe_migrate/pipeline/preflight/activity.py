"""Who is working in the database now, and would stand in the way?"""

from collections.abc import Iterator

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog

CHECK = "activity"


def examine(run: Run) -> Iterator[Finding]:
    """Transactions older than the policy allows are named: their locks last until they end."""
    seconds = run.conf.policy.long_transaction_seconds
    holders = catalog.long_transactions(run.session, seconds)
    for holder in holders:
        yield Finding(
            check=CHECK,
            grade=Grade.WARN,
            text=f"a transaction is open since {holder.age_seconds:.0f} s: {holder}",
            remedy=(f"SELECT pg_terminate_backend({holder.pid});",),
        )
    if not holders:
        yield Finding(
            check=CHECK, grade=Grade.OK, text=f"no transaction is older than {seconds:.0f} s"
        )
