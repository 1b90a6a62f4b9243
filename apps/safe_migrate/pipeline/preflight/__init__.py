"""Everything that can be known to be wrong before anything is touched. One file per subject.

`safe_doctor` shows every line; a run shows what is not well, and is refused at the first failure.
"""

from safe_migrate.errors import BackupFailed, Refused, SafeMigrateError
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.preflight import (
    activity,
    archiving,
    client,
    disk,
    history,
    leftovers,
    rights,
    server,
    waiver,
)
from safe_migrate.pipeline.run import Run

NAME = "preflight"
CHECKS = (server, rights, history, leftovers, activity, client, disk, archiving, waiver)


def perform(run: Run) -> None:
    """Run every check. Raises the first failure with the words of all of them."""
    run.findings = examine(run)
    for finding in run.findings:
        if finding.grade is Grade.WARN:
            run.progress.note(f"warning: {finding.text}")
    failures = [finding for finding in run.findings if finding.grade is Grade.FAIL]
    if failures:
        raise refusal(failures)


def examine(run: Run) -> list[Finding]:
    """The findings of every check, in their order; a check looks only at what the last left open.

    A failing server check ends the round: what follows would fail for the same reason.
    """
    findings: list[Finding] = []
    for check in CHECKS:
        found = list(check.examine(run))
        findings += found
        if check is server and any(finding.grade is Grade.FAIL for finding in found):
            break
    return findings


def refusal(failures: list[Finding]) -> SafeMigrateError:
    """One failure for all of them: the first one's code, every one's words.

    Where it is the WAL archive's, it is a failed backup and not a rule that forbids the run.
    """
    kind = BackupFailed if failures[0].check == archiving.CHECK else Refused
    return kind(
        failures[0].code,
        "\n".join(finding.text for finding in failures),
        next=tuple(line for finding in failures for line in finding.remedy),
    )
