"""Emptying a database from within, in one transaction, without dropping it.

For a role that may not make databases. Extensions' own objects stay, and so do schemas that are not
ours, that an extension lives in, or `public`; what is ours in them goes.
"""

from collections.abc import Iterable

from psycopg import Connection, sql

_USERS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_MEMBER = "SELECT FROM pg_depend e WHERE e.classid = {} AND e.objid = {} AND e.deptype = 'e'"
_KEPT = f"""
SELECT n.oid, n.nspname, pg_has_role(n.nspowner, 'USAGE') AS ours FROM pg_namespace n
WHERE {_USERS} AND (n.nspname = 'public' OR NOT pg_has_role(n.nspowner, 'USAGE')
    OR EXISTS ({_MEMBER.format("'pg_namespace'::regclass", "n.oid")})
    OR EXISTS (SELECT FROM pg_extension x WHERE x.extnamespace = n.oid)
    OR EXISTS (SELECT FROM pg_depend i JOIN pg_depend e USING (classid, objid)
               WHERE i.refclassid = 'pg_namespace'::regclass AND i.refobjid = n.oid
                 AND e.deptype = 'e'))
"""
# (class, object): what a schema holds and nothing else's dropping would take along.
_OBJECTS = """
SELECT 'pg_class'::regclass, c.oid, c.relnamespace FROM pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type t
WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion
UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_opclass
UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_opfamily
UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_ts_dict
"""
# What no schema holds; catalogue rows below 16384 are PostgreSQL's own.
_ELSEWHERE = """
SELECT 'pg_publication'::regclass AS class, oid FROM pg_publication
UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
"""
# Collected before the first is dropped; one that went with another is skipped by IF EXISTS.
_CLEAR = f"""
DO $clear$
DECLARE
    command text;
    commands text[];
BEGIN
    SELECT coalesce(array_agg(format('DROP SCHEMA %I CASCADE', n.nspname)), '{{}}') INTO commands
    FROM pg_namespace n
    WHERE {_USERS} AND n.oid NOT IN (SELECT k.oid FROM ({_KEPT}) k);
    SELECT commands || coalesce(array_agg(format('DROP EXTENSION %I CASCADE', extname)), '{{}}')
    INTO commands FROM pg_extension
    WHERE pg_has_role(extowner, 'USAGE') AND extname <> ALL (%(extensions)s::text[]);
    SELECT commands || coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE',
        CASE i.type WHEN 'statistics object' THEN 'STATISTICS' WHEN 'function' THEN 'ROUTINE'
                    WHEN 'procedure' THEN 'ROUTINE' WHEN 'aggregate' THEN 'ROUTINE'
                    ELSE i.type END, i.identity)), '{{}}')
    INTO commands
    FROM ({_OBJECTS}) o(class, oid, schema) JOIN ({_KEPT}) k ON k.oid = o.schema,
        pg_identify_object(o.class, o.oid, 0) i
    WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid
                      AND e.objsubid = 0
                      AND e.deptype IN ('e', 'i', 'a')
                      AND (e.deptype = 'e' OR e.refclassid <> 'pg_namespace'::regclass));
    SELECT commands || coalesce(array_agg(format('DROP %s IF EXISTS %s CASCADE',
        CASE i.type WHEN 'server' THEN 'SERVER' ELSE i.type END, i.identity)), '{{}}')
    INTO commands FROM ({_ELSEWHERE}) o, pg_identify_object(o.class, o.oid, 0) i
    WHERE o.oid >= 16384 AND NOT EXISTS ({_MEMBER.format("o.class", "o.oid")});
    FOREACH command IN ARRAY commands LOOP
        EXECUTE command;
    END LOOP;
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END
$clear$;
"""


def statement(extensions: Iterable[str]) -> sql.Composed:
    """The SQL that empties the current database but for these extensions; one statement."""
    names = sql.Literal(list(extensions))
    before, _, after = _CLEAR.partition("%(extensions)s")
    return sql.SQL("{}{}{}").format(sql.SQL(before), names, sql.SQL(after))


def kept_schemas(session: Connection) -> dict[str, bool]:
    """The schemas that `statement` leaves standing, and whether each is ours."""
    rows = session.execute(_KEPT.encode()).fetchall()
    return {name: ours for _, name, ours in rows}


def foreign_extensions(session: Connection) -> list[str]:
    """Extensions that belong to another role: we may use them, not comment on them."""
    rows = session.execute(
        "SELECT extname FROM pg_extension WHERE NOT pg_has_role(extowner, 'USAGE')"
    ).fetchall()
    return [name for (name,) in rows]


def objects(session: Connection) -> int:
    """How many objects users made in the current database: each is locked when it is dropped."""
    row = session.execute(
        "SELECT count(DISTINCT (classid, objid)) FROM pg_depend WHERE objid >= 16384"
    ).fetchone()
    return int(row[0]) if row else 0


def lock_capacity(session: Connection) -> int:
    """How many locks the server's lock table holds (PostgreSQL manual, 19.12)."""
    row = session.execute(
        """
        SELECT current_setting('max_locks_per_transaction')::int
             * (current_setting('max_connections')::int
                + current_setting('max_prepared_transactions')::int)
        """
    ).fetchone()
    return int(row[0]) if row else 0
