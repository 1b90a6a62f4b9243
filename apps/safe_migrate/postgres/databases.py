"""Whole databases of a server: made like another, dropped, and what belongs to them by name.

What pg_dump leaves out of an archive unless it shall create the database is read and set here:
settings, privileges, connection limit and comment (PostgreSQL manual, pg_dump, "Notes").
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from psycopg import Connection, sql

Setting = Sequence[str]
"""(role or "", "name=value"): ALTER DATABASE … SET, or ALTER ROLE … IN DATABASE … SET."""
Grant = Sequence[Any]
"""(role or "" for PUBLIC, privilege, whether it may be granted on)."""

# Their values are lists of names; everything else is one value (guc_tables.c, GUC_LIST_QUOTE).
LISTS = (
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
)


def exists(session: Connection, name: str) -> bool:
    """Whether the server has a database of this name."""
    return bool(session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())


def create_like(
    maintenance: Connection, name: str, create: Mapping[str, str], owner: str = ""
) -> None:
    """Make an empty database with the encoding and locale of another.

    `create` is what `create_options` said of it; missing keys mean the server's default. The
    connection limit in it is not set, since it may forbid what fills the database. `maintenance`
    is an autocommit session. Raises psycopg.Error: no right to create databases, the name is
    taken, or a locale that this server does not know.
    """
    options: list[sql.Composable] = [sql.SQL("TEMPLATE template0")]
    if owner:
        options.append(sql.SQL("OWNER {}").format(sql.Identifier(owner)))
    for keyword, value in _options(create):
        options.append(sql.SQL("{} {}").format(sql.SQL(keyword), sql.Literal(value)))
    if create.get("tablespace"):
        options.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(create["tablespace"])))
    maintenance.execute(
        sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
    )


def _options(create: Mapping[str, str]) -> Iterable[tuple[LiteralString, str]]:
    """Keyword → value of CREATE DATABASE (PostgreSQL manual, CREATE DATABASE, "Parameters")."""
    provider = create.get("provider", "")
    locale = {"icu": "ICU_LOCALE", "builtin": "BUILTIN_LOCALE"}.get(provider, "")
    keywords = {
        "ENCODING": create.get("encoding", ""),
        "LOCALE_PROVIDER": provider,
        "LC_COLLATE": create.get("collate", ""),
        "LC_CTYPE": create.get("ctype", ""),
        locale: create.get("locale", "") if locale else "",
        "ICU_RULES": create.get("icu_rules", ""),
    }
    return [(keyword, value) for keyword, value in keywords.items() if value]


def drop(maintenance: Connection, name: str) -> None:
    """Drop a database with whoever is in it; one that is not there is as good."""
    maintenance.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def create_options(session: Connection, name: str) -> dict[str, str]:
    """What `create_like` needs to make another such database; empty values mean none."""
    # Columns came with 15 (icu locale, provider), 16 (rules) and 17 (one locale for all providers).
    row = session.execute(
        """
        SELECT pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
               CASE j ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc'
               END, coalesce(j ->> 'datlocale', j ->> 'daticulocale', ''),
               coalesce(j ->> 'daticurules', ''), d.datconnlimit::text
        FROM pg_database d, to_jsonb(d) j WHERE d.datname = %s
        """,
        [name],
    ).fetchone()
    names = ("encoding", "collate", "ctype", "provider", "locale", "icu_rules", "connection_limit")
    return dict(zip(names, row, strict=True)) if row else {}


def owner(session: Connection, name: str) -> str:
    """The role that owns a database; empty where there is none of this name."""
    row = session.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return str(row[0]) if row else ""


def comment(session: Connection, name: str) -> str:
    """COMMENT ON DATABASE; empty for none."""
    row = session.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    return str(row[0]) if row and row[0] else ""


def set_comment(session: Connection, name: str, text: str) -> None:
    """An empty text takes the comment away."""
    session.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(name), sql.Literal(text or None)
        )
    )


def settings(session: Connection, name: str) -> list[list[str]]:
    """[role or "", "name=value"] of every setting kept for a database, in order."""
    rows = session.execute(
        """
        SELECT coalesce(r.rolname, ''), unnest(s.setconfig)
        FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE d.datname = %s AND (s.setrole = 0 OR r.rolname IS NOT NULL) ORDER BY 1, 2
        """,
        [name],
    ).fetchall()
    return [list(row) for row in rows]


def acl(session: Connection, name: str) -> list[list[Any]] | None:
    """[role or "", privilege, grantable] of every grant; None where they are PostgreSQL's own."""
    row = session.execute("SELECT datacl FROM pg_database WHERE datname = %s", [name]).fetchone()
    if row is None or row[0] is None:
        return None
    rows = session.execute(
        """
        SELECT CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END,
               a.privilege_type, bool_or(a.is_grantable)
        FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = %s
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        [name],
    ).fetchall()
    return [list(row) for row in rows]


def apply_settings(session: Connection, name: str, wanted: Iterable[Setting]) -> list[str]:
    """Set what `settings` said; returns a sentence for each that could not be."""
    skipped = []
    roles = _roles(session)
    for role, text in wanted:
        key, _, value = text.partition("=")
        if role and role not in roles:
            skipped.append(f"Setting {key} of role {role!r} was skipped: there is no such role.")
            continue
        database = sql.Identifier(name)
        subject = (
            sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(role), database)
            if role
            else sql.SQL("DATABASE {}").format(database)
        )
        values = _names(value) if key.lower() in LISTS else [value]
        literals = sql.SQL(", ").join(map(sql.Literal, values))
        session.execute(
            sql.SQL("ALTER {} SET {} TO {}").format(subject, sql.Identifier(key), literals)
        )
    return skipped


def _names(value: str) -> list[str]:
    """The elements of a list setting, as pg_dump takes them apart (SplitGUCList)."""
    names, rest = [], value.strip()
    while rest:
        if rest.startswith('"'):
            end = 1
            while (end := rest.index('"', end)) + 1 < len(rest) and rest[end + 1] == '"':
                end += 2
            names.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :].lstrip().removeprefix(",").lstrip()
        else:
            found, _, rest = rest.partition(",")
            names.append(found.strip())
            rest = rest.lstrip()
    return names or [""]


def apply_acl(session: Connection, name: str, wanted: Iterable[Grant] | None) -> list[str]:
    """Grant what `acl` said and nothing else; returns a sentence for each that could not be."""
    if wanted is None:
        return []
    skipped = []
    roles = _roles(session)
    database = sql.Identifier(name)
    for grantee in (sql.SQL("PUBLIC"), sql.Identifier(owner(session, name))):
        session.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, grantee))
    for role, privilege, grantable in wanted:
        if role and role not in roles:
            skipped.append(f"{privilege} for role {role!r} was skipped: there is no such role.")
            continue
        session.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(privilege),
                database,
                sql.Identifier(role) if role else sql.SQL("PUBLIC"),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
        )
    return skipped


def set_connection_limit(session: Connection, name: str, limit: int) -> None:
    """How many sessions may be in it at a time; -1 for any number."""
    session.execute(
        sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
            sql.Identifier(name), sql.Literal(limit)
        )
    )


def _roles(session: Connection) -> set[str]:
    return {role for (role,) in session.execute("SELECT rolname FROM pg_roles").fetchall()}
