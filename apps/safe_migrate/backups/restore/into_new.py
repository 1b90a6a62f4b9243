"""Into a new database, compared with its manifest, then swapped in; the old one is kept."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psycopg

from safe_migrate.backups import compare
from safe_migrate.backups.fill import fill
from safe_migrate.backups.restore import leftovers
from safe_migrate.backups.restore.job import Job, Restored
from safe_migrate.errors import Failed, SafeMigrateError
from safe_migrate.postgres import analyze, control, databases, marks, session, standing, swap
from safe_migrate.postgres.marks import Mark, Marked, Role

UNTOUCHED = "The database is as it was; what was restored beside it is dropped."
DEFAULT = "pg_default"
CLOSED = "The database is as it was; what was restored beside it waits for the same command."


def restore(job: Job) -> Restored:
    """Restore and swap; what an earlier run left is finished or dropped first.

    Raises Failed: the server ended it (SM-B407), the copy differs from its manifest (SM-B408), or
    sessions could not be ended (SM-B409); BackupFailed where the archive cannot be restored.
    """
    begun = time.monotonic()
    waiting = leftovers.clear(job.maintenance, job.connection, job.database, job.manifest.id)
    incoming = waiting or _make(job)
    filled = time.monotonic() - begun
    job.progress.stage("swap")
    job.before_swap()
    done = exchange(job.maintenance, incoming)
    return Restored(
        database=job.database,
        kept=done.kept,
        finished=waiting is not None,
        fill_seconds=filled,
        drain_seconds=done.drained_seconds,
        swap_seconds=done.renamed_seconds,
    )


def exchange(maintenance: psycopg.Connection, incoming: Marked) -> swap.Swapped:
    """swap.swap, its failures in a person's words. Raises Failed (SM-B407, SM-B409)."""
    name = incoming.mark.of
    try:
        return swap.swap(maintenance, incoming)
    except swap.SwapBlocked as error:
        holders = tuple(f"SELECT pg_terminate_backend({h.pid});" for h in error.holders)
        raise Failed(
            "SM-B409",
            f"{name!r} could not be exchanged, since it is still in use: {error}.",
            state=CLOSED,
            next=(*holders, "Then run the same command again."),
        ) from error
    except psycopg.Error as error:
        raise _ended(error, CLOSED) from error


def _make(job: Job) -> Marked:
    """A filled, compared and dressed database, ready to take its name."""
    mark = Mark(
        role=Role.NEW,
        of=job.database,
        at=marks.now(),
        backup=job.manifest.id,
        comment=job.manifest.database_comment,
    )
    with _fresh(job, mark) as name:
        job.progress.stage("restore")
        job.progress.doing(f"loading {sum(job.manifest.rows.values()):,} rows")
        fill(
            job.manifest,
            job.parameters(name),
            job.client,
            jobs=job.jobs,
            ownership=job.ownership,
        )
        job.progress.stage("compare")
        with session.connect(job.parameters(name), "restore") as own:
            _compare(job, own)
            _stamp(job, own)
        job.progress.doing("ANALYZE")
        analyze.analyze(lambda: session.connect(job.parameters(name), "restore"))
        _dress(job, name)
        swap.make_ready(job.maintenance, name, mark)
    [ready] = [known for known in marks.of(job.maintenance, job.database) if known.name == name]
    return ready


@contextmanager
def _fresh(job: Job, mark: Mark) -> Iterator[str]:
    """A new, empty database with a mark; dropped where it is not made ready."""
    name = marks.name_for(job.database, Role.NEW, datetime.now(UTC))
    try:
        databases.create_like(job.maintenance, name, _create_options(job), _owner(job))
        marks.write(job.maintenance, name, mark)
        yield name
    except BaseException as error:
        # Without a server there is nothing to drop in: then the next run does.
        with suppress(psycopg.Error):
            databases.drop(job.maintenance, name)
        if isinstance(error, psycopg.Error):
            raise _ended(error, UNTOUCHED) from error
        if isinstance(error, SafeMigrateError):
            error.state = UNTOUCHED
        raise


def _create_options(job: Job) -> dict[str, str]:
    """The backup's encoding and locale, where the database that is there lies on disk."""
    here = standing.look(job.maintenance, job.database)
    # Naming the default would need a right of its own.
    place = {"tablespace": here.tablespace} if here.tablespace not in ("", DEFAULT) else {}
    return {**job.manifest.database_create, **place}


def _owner(job: Job) -> str:
    """The backup's, else the one of the database that is there, else ours."""
    wanted = job.manifest.owner
    if standing.may_give_to(job.maintenance, wanted):
        return wanted
    present = databases.owner(job.maintenance, job.database)
    owner = present if standing.may_give_to(job.maintenance, present) else ""
    job.warnings.append(
        f"The database belonged to {wanted!r}; it now belongs to "
        f"{owner or job.maintenance.info.user!r}."
    )
    return owner


def _compare(job: Job, own: psycopg.Connection) -> None:
    job.progress.doing("comparing with the manifest")
    found = compare.differences(
        job.manifest, own, fingerprint=bool(job.manifest.fingerprints), ownership=job.ownership
    )
    if found:
        raise Failed(
            "SM-B408",
            f"What {job.manifest.id} restores to is not what its manifest says: "
            f"{'; '.join(found)}.",
            state=UNTOUCHED,
            next=(
                f"python manage.py safe_backup verify {job.manifest.id} --level restored",
                "python manage.py safe_backup list",
            ),
        )


def _stamp(job: Job, own: psycopg.Connection) -> None:
    """The data of another environment becomes ours."""
    if job.manifest.environment != job.environment:
        control.ensure(own)
        control.write_stamp(own, job.environment)
        job.warnings.append(
            f"Stamped as {job.environment}: the data is that of {job.manifest.environment}."
        )


def _dress(job: Job, name: str) -> None:
    """What belongs to the database itself; last, since it may forbid what was done before."""
    manifest, maintenance = job.manifest, job.maintenance
    job.warnings += databases.apply_settings(maintenance, name, manifest.database_settings)
    job.warnings += databases.apply_acl(maintenance, name, manifest.database_acl)
    limit = int(manifest.database_create.get("connection_limit") or -1)
    databases.set_connection_limit(maintenance, name, limit)


def _ended(error: psycopg.Error, state: str) -> Failed:
    said = str(error).strip().splitlines()
    return Failed(
        "SM-B407",
        f"The server ended the restore: {said[0] if said else type(error).__name__}",
        state=state,
        next=("python manage.py safe_doctor", "Then run the same command again."),
    )
