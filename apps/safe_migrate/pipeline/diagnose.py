"""Every finding about a database and its surroundings, also where one of them is fatal."""

from safe_migrate.errors import SafeMigrateError, UsageError
from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline import identify, preflight
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import control, reach


def diagnose(run: Run) -> list[Finding]:
    """The doctor's round: connection, stamp, then all of the preflight. Writes nothing."""
    try:
        url = run.conf.migration_urls.get(run.connection.alias)
        run.session = reach.connect(run.connection, url)
    except SafeMigrateError as error:
        return [_finding("connect", error)]
    run.stack.callback(run.session.close)
    info = run.session.info
    where = f"{info.dbname} on {info.host}:{info.port} as {info.user}"
    findings = [Finding(check="connect", grade=Grade.OK, text=where), _stamp(run)]
    try:
        return [*findings, *preflight.examine(run)]
    except UsageError as error:
        return [*findings, _finding("history", error)]


def _stamp(run: Run) -> Finding:
    try:
        identify.identify(run.session, run.connection, run.conf)
    except SafeMigrateError as error:
        return _finding("stamp", error)
    stamp = control.read_stamp(run.session)
    text = f"{stamp.environment.value}, by {stamp.stamped_by}" if stamp else "unstamped"
    return Finding(check="stamp", grade=Grade.OK, text=text)


def _finding(check: str, error: SafeMigrateError) -> Finding:
    return Finding(
        check=check, grade=Grade.FAIL, code=error.code, text=error.what, remedy=error.next
    )
