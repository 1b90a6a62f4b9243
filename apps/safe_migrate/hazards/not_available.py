"""Extensions and collations that this server does not have."""

from collections.abc import Iterator
from difflib import get_close_matches

from safe_migrate.facts.danger import Danger, Effect, Lock, Situation
from safe_migrate.facts.database import Database
from safe_migrate.facts.statement import Column, Kind, Statement
from safe_migrate.hazards.base import Hazard

CODE = "SM-H410"
# Types of the extensions that Django has fields for, and of those that fields are written for.
_TYPES = {
    "citext": "citext", "cube": "cube", "geography": "postgis", "geometry": "postgis",
    "halfvec": "vector", "hstore": "hstore", "ltree": "ltree", "raster": "postgis_raster",
    "sparsevec": "vector", "vector": "vector",
}  # fmt: skip


def _find(situation: Situation) -> Iterator[Danger]:
    statement, database = situation.statement, situation.database
    if database.assumed:
        return
    if statement.kind is Kind.CREATE_EXTENSION:
        yield from _extension(statement.name, database)
    elif statement.kind is Kind.CREATE_COLLATION and statement.method == "icu":
        if not database.icu:
            yield _collation(statement)
    else:
        yield from _types(situation)


def _extension(name: str, database: Database) -> Iterator[Danger]:
    if name in database.available_extensions or name in database.extensions:
        return
    close = get_close_matches(name, database.available_extensions, n=1)
    yield Danger(
        code=CODE,
        effect=Effect.FAILS,
        table="",
        lock=Lock.NONE,
        what=(
            f"The extension {name} is not available on this server (PostgreSQL {database.major}):"
            " CREATE EXTENSION fails"
        ),
        instead=(
            *((f"Did you mean {close[0]}?",) if close else ()),
            "Let the server's operator install its files (postgresql-contrib, or a package of its"
            " own), or allow it with the provider.",
            f"See what there is: SELECT * FROM pg_available_extensions WHERE name = '{name}'",
        ),
    )


def _collation(statement: Statement) -> Danger:
    return Danger(
        code=CODE,
        effect=Effect.FAILS,
        table="",
        lock=Lock.NONE,
        what=(
            f"The collation {statement.name} is of the provider icu, and this server was built"
            " without ICU: CREATE COLLATION fails"
        ),
        instead=(
            "Use a collation of the provider libc; its locales are those of the server's system.",
            "Or move to a server that was built with ICU, as all packages and providers are.",
        ),
        code_instead=(
            f"CreateCollation({statement.name.strip(chr(34))!r}, provider='libc', locale='…')"
        ),
    )


def _types(situation: Situation) -> Iterator[Danger]:
    database = situation.database
    made = {s.name for s in situation.earlier if s.kind is Kind.CREATE_EXTENSION}
    for column in _columns(situation.statement):
        base = column.type.partition("(")[0].removesuffix("[]").rpartition(".")[2].strip('"')
        needed = _TYPES.get(base)
        if needed is None or needed in database.extensions or needed in made:
            continue
        yield Danger(
            code=CODE,
            effect=Effect.FAILS,
            table=situation.statement.table,
            lock=Lock.NONE,
            what=(
                f"The column {column.name} has the type {base}, which is the extension {needed}'s,"
                " and that is not installed in this database"
            ),
            instead=("Create the extension in a migration before this one.",),
            code_instead=f'CreateExtension("{needed}")',
        )


def _columns(statement: Statement) -> Iterator[Column]:
    if statement.kind is Kind.CREATE_TABLE:
        yield from statement.columns
    for action in statement.actions:
        if action.column:
            yield action.column


HAZARD = Hazard(
    code=CODE,
    title="Missing on this server",
    lock=Lock.NONE,
    effects=(Effect.FAILS,),
    why=(
        "An extension needs its files on the server's machine, a collation of ICU a server that"
        " was built with it. What a developer's machine has, production may not."
    ),
    remedy="Have it installed before the deploy, or do without.",
    find=_find,
)
