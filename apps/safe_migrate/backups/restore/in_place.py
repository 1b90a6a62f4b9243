"""Into the present database, in one transaction that a controller feeds to psql.

For a role that may not make databases. COMMIT is sent only after pg_restore has ended well and the
archive's every byte was right; whatever happens before, psql meets the end of its input and the
server rolls back. A dump that psql read by itself would be committed where it broke off.
"""

import re
import time
from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql

from safe_migrate.backups import compare
from safe_migrate.backups.in_memory import in_memory, path_of
from safe_migrate.backups.restore import plan, script
from safe_migrate.backups.restore.job import Job, Restored
from safe_migrate.errors import BackupFailed, Failed, LockNotObtained, SafeMigrateError
from safe_migrate.postgres import analyze, catalog, clear, control, session
from safe_migrate.postgres.program import Ended, Program

LOCK_TIMEOUT_MS = 2000
TAIL = 1 << 16
RELATIONS = ("index ", "sequence ", "view ", "materialised view ", "foreign table ")
ROLLED_BACK = "The database is unchanged: the transaction was rolled back."
EITHER = "Either wholly as before or wholly restored: the connection was lost at its COMMIT."
FAILED_STATEMENT = 3
"""psql's exit code with ON_ERROR_STOP."""
_COMMIT = b"\nCOMMIT;\n"
_LOCK_TIMEOUT = "55P03"
# "3245; 0 0 COMMENT - EXTENSION pg_trgm": id; catalog, object, kind, no schema, name, owner
_ENTRY = re.compile(
    r"\d+; \d+ \d+ (?P<what>(COMMENT|ACL) - )?(?P<kind>SCHEMA|EXTENSION) (- )?"
    r"(?P<name>.*)"
)


def restore(job: Job) -> Restored:
    """Replace everything in the database by the backup, or nothing.

    Raises LockNotObtained (SM-B414) with who holds the locks, Failed (SM-B415) where the server
    ended it, BackupFailed for a bad archive.
    """
    begun = time.monotonic()
    listing = script.listed(job.manifest, job.client)
    with session.connect(job.parameters(job.database), "restore") as own:
        schemas = clear.kept_schemas(own)
        extensions = clear.foreign_extensions(own)
        opening = _opening(job, own)
        closing = _closing(job, own)
    kept = [line for line in listing if _is_made(line, schemas, extensions)]
    job.progress.stage("restore")
    job.progress.doing(f"loading {sum(job.manifest.rows.values()):,} rows in one transaction")
    try:
        _feed(job, opening, kept, closing)
    except BackupFailed as error:
        error.state = ROLLED_BACK
        raise
    job.progress.stage("compare")
    try:
        _compare(job)
    except psycopg.Error as error:
        # It is committed all the same, and a failure would say that nothing was touched.
        said = str(error).strip().splitlines()[:1]
        job.warnings.append(f"Restored, but not compared with its manifest: {''.join(said)}")
    return Restored(database=job.database, fill_seconds=time.monotonic() - begun)


def _compare(job: Job) -> None:
    analyze.analyze(lambda: session.connect(job.parameters(job.database), "restore"))
    with session.connect(job.parameters(job.database), "restore") as own:
        job.warnings += compare.differences(
            job.manifest, own, fingerprint=bool(job.manifest.fingerprints), ownership=job.ownership
        )


def require_locks(job: Job) -> None:
    """Raises Refused (SM-B411) where one transaction cannot lock all that it would have to."""
    manifest = job.manifest
    with session.connect(job.parameters(job.database), "restore") as own:
        # Kinds that are no relation lock their schema alone; a table has storage of its own for
        # large values, and an index on that.
        made = sum(key.startswith(RELATIONS) for key in manifest.objects) + 3 * len(manifest.rows)
        capacity = clear.lock_capacity(own)
        if refused := plan.too_many_locks(clear.objects(own) + made, capacity):
            raise refused


def _opening(job: Job, own: psycopg.Connection) -> bytes:
    """Begins the transaction and drops what is there."""
    statements = [
        sql.SQL("BEGIN;"),
        sql.SQL("SET LOCAL lock_timeout = {};").format(sql.Literal(LOCK_TIMEOUT_MS)),
        sql.SQL("SET LOCAL client_min_messages = error;"),
        clear.statement(job.manifest.extensions),
    ]
    return sql.SQL("\n").join(statements).as_bytes(own) + b"\n"


def _closing(job: Job, own: psycopg.Connection) -> bytes:
    """The data of another environment becomes ours, where it has a stamp at all."""
    if job.manifest.environment == job.environment or not _has_stamp(job):
        return b""
    job.warnings.append(
        f"Stamped as {job.environment}: the data is that of {job.manifest.environment}."
    )
    return (
        sql.SQL("UPDATE public.{} SET environment = {}, stamped_at = now();\n")
        .format(sql.Identifier(control.STAMP), sql.Literal(job.environment.value))
        .as_bytes(own)
    )


def _has_stamp(job: Job) -> bool:
    return f"public.{control.STAMP}" in job.manifest.rows


def _is_made(line: str, schemas: Mapping[str, bool], extensions: list[str]) -> bool:
    """Whether an entry of the archive is to be restored, given what is left standing.

    A schema that stands is not made again, and what is not ours gets no comment and no grants.
    """
    match = _ENTRY.match(line)
    if not match:
        return True
    name = match["name"]
    if match["kind"] == "EXTENSION":
        return not (match["what"] and any(name.startswith(known) for known in extensions))
    standing = [known for known in schemas if f"{name} ".startswith(f"{known} ")]
    if not standing:
        return True
    ours = any(schemas[known] for known in standing)
    return ours and (bool(match["what"]) or name.startswith("public"))


def _feed(job: Job, opening: bytes, entries: list[str], closing: bytes) -> None:
    arguments = [
        job.client.psql,
        "-X",
        "-q",
        "-w",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        "VERBOSITY=verbose",
    ]
    with in_memory() as wanted:
        wanted.write("\n".join(entries).encode())
        options = ["--file=-", "--single-transaction", f"--use-list={path_of(wanted)}"]
        ours = [] if job.ownership else ["--no-owner", "--no-acl", "--no-tablespaces"]
        inherited = (wanted.fileno(),)
        pieces = script.printed(job.manifest, job.client, [*options, *ours], inherited)
        try:
            with Program(arguments, parameters=job.parameters(job.database), feeds=True) as program:
                reading = program.feed(opening)
                for piece in withheld(pieces):
                    reading = reading and program.feed(piece)
                    if not reading:
                        break
                if reading:
                    program.feed(closing + b"COMMIT;\n")
                ended = program.end()
        except OSError as error:
            raise Failed(
                "SM-B415",
                f"{job.client.psql} could not be run: {error.strerror}.",
                next="python manage.py safe_doctor",
            ) from error
    if ended.code != 0 or not reading:
        unsure = reading and ended.code != FAILED_STATEMENT
        raise _failed(job, ended, EITHER if unsure else ROLLED_BACK)


def withheld(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """All of the script but the COMMIT at its end, which it is not for pg_restore to send.

    With --single-transaction pg_restore writes no other one, also around large objects. Raises
    BackupFailed (SM-B320) where there is none.
    """
    held = b""
    for piece in pieces:
        held += piece
        if len(held) > TAIL:
            yield held[:-TAIL]
            held = held[-TAIL:]
    before, found, after = held.rpartition(_COMMIT)
    if not found:
        raise BackupFailed(
            "SM-B320",
            "pg_restore ended without the end of its script.",
            next=("python manage.py safe_doctor", "python manage.py safe_backup list"),
        )
    yield before + b"\n" + after


def _failed(job: Job, ended: Ended, state: str) -> SafeMigrateError:
    if _LOCK_TIMEOUT in ended.said:
        with session.connect(job.parameters(job.database), "restore") as own:
            holders = catalog.lock_holders(own, (), 0)
        named = "; ".join(map(str, holders)) or "a session that has left"
        return LockNotObtained(
            "SM-B414",
            f"What is in {job.database!r} could not be locked within {LOCK_TIMEOUT_MS // 1000} s: "
            f"{named}.",
            state=state,
            next=(
                *(f"SELECT pg_terminate_backend({holder.pid});" for holder in holders),
                "Then run the same command again.",
            ),
        )
    said = re.sub(r"^psql:[^ ]* *", "", ended.said)
    return Failed(
        "SM-B415",
        f"The server ended the restore in place: {said}",
        state=state,
        next=(
            f"{plan.COMMAND} restore {job.manifest.id} --in-place --no-ownership",
            "python manage.py safe_doctor",
        ),
    )
