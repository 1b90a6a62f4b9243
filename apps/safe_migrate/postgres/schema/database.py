"""Catalog queries for schemas, extensions, foreign servers, comments and what spans a database.

Subscriptions are left out: an ordinary role may not read all of them.
"""

from safe_migrate.postgres.schema.parts import (
    NOT_OWNED,
    granted,
    grants,
    in_order,
    later,
    ours,
    owned,
    users,
)

SCHEMAS = f"""
    SELECT 'schema', quote_ident(n.nspname), '', NULL, {owned("n.nspowner", "n.nspacl", "n")}
    FROM pg_namespace n WHERE {users("n.nspname")} AND {ours("pg_namespace", "n")}
"""

# Neither the version, which a restore takes from what is installed, nor the owner, who restores.
EXTENSIONS = f"""
    SELECT 'extension', quote_ident(e.extname), e.extnamespace::regnamespace::text, NULL,
        {NOT_OWNED}
    FROM pg_extension e WHERE e.oid >= 16384
"""

EXTENSION_DEPENDENCIES = f"""
    SELECT 'dependency', i.type || ' ' || i.identity || ' on ' || quote_ident(e.extname), '', NULL,
        {NOT_OWNED}
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid,
         LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'
"""

EVENT_TRIGGERS = f"""
    SELECT 'event trigger', quote_ident(t.evtname),
        ROW(t.evtevent, t.evtfoid::regprocedure, t.evtenabled, t.evttags)::text, NULL,
        {owned("t.evtowner")}
    {later("pg_event_trigger", "t")}
"""

PUBLICATIONS = f"""
    SELECT 'publication', quote_ident(p.pubname),
        ROW(p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,
            coalesce(to_jsonb(p) ->> 'pubgencols', 'n'),
            ARRAY(SELECT s.pnnspid::regnamespace::text COLLATE "C" FROM pg_publication_namespace s
                  WHERE s.pnpubid = p.oid ORDER BY 1))::text,
        NULL, {owned("p.pubowner")}
    {later("pg_publication", "p")}
"""

PUBLISHED = f"""
    SELECT 'publication of', r.prrelid::regclass || ' in ' || quote_ident(p.pubname),
        (SELECT array_agg(a.attname ORDER BY a.attname COLLATE "C") FROM pg_attribute a
         WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))::text,
        pg_get_expr(r.prqual, r.prrelid), {NOT_OWNED}
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
"""

FOREIGN = (
    f"""
    SELECT 'foreign-data wrapper', quote_ident(w.fdwname),
        ROW(w.fdwhandler::regprocedure, w.fdwvalidator::regprocedure,
            {in_order("w.fdwoptions")})::text,
        NULL, {owned("w.fdwowner", "w.fdwacl", "F")}
    {later("pg_foreign_data_wrapper", "w")}
    """,
    f"""
    SELECT 'server', quote_ident(s.srvname),
        ROW((SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = s.srvfdw), s.srvtype,
            s.srvversion, {in_order("s.srvoptions")})::text,
        NULL, {owned("s.srvowner", "s.srvacl", "S")}
    {later("pg_foreign_server", "s")}
    """,
    # Their options hold passwords, which not every role may read.
    f"""
    SELECT 'user mapping for', quote_ident(m.usename) || ' on ' || quote_ident(m.srvname), '', NULL,
        {NOT_OWNED}
    FROM pg_user_mappings m
    """,
)

# The comment on the schema `public` is the only one of initdb's that pg_dump looks at.
COMMENTS = f"""
    WITH told AS (
        SELECT 'comment on' AS kind, classoid, objoid, objsubid, description FROM pg_description
        UNION ALL
        SELECT 'security label ' || provider || ' on', classoid, objoid, objsubid, label
        FROM pg_seclabel)
    SELECT d.kind || ' ' || CASE WHEN k.oid IS NULL THEN i.type ELSE 'not null' END,
        CASE WHEN k.oid IS NULL THEN i.identity
             WHEN k.conrelid = 0 THEN k.contypid::regtype::text
             ELSE k.conrelid::regclass || '.' || (
                 SELECT quote_ident(a.attname) FROM pg_attribute a
                 WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1]) END,
        d.description, NULL, {NOT_OWNED}
    FROM told d
    LEFT JOIN pg_constraint k
        ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid AND k.contype = 'n',
    LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    WHERE (d.objoid >= 16384 OR d.classoid = 'pg_largeobject'::regclass
           OR d.classoid = 'pg_namespace'::regclass AND d.objoid = to_regnamespace('public'))
      AND coalesce({users("i.schema")}, true)
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid
                      AND e.deptype = 'e')
"""

DEFAULT_PRIVILEGES = f"""
    SELECT 'default privileges of', quote_ident(pg_get_userbyid(a.defaclrole))
            || coalesce(' in ' || nullif(a.defaclnamespace, 0)::regnamespace::text, '')
            || ' on ' || a.defaclobjtype::text,
        {granted("a.defaclacl")}, NULL, {NOT_OWNED}
    FROM pg_default_acl a
"""

# There may be millions, so they are one object; their content is the fingerprint's.
LARGE_OBJECTS = f"""
    SELECT 'large objects', 'of this database',
        ROW(count(*), sum(hashint8extended(oid::bigint, 0)))::text, NULL,
        sum(hashtextextended(oid || ' ' || pg_get_userbyid(lomowner), 0))::text,
        sum(hashtextextended(oid || ' ' || {grants("lomowner", "lomacl", "L")}, 0))::text
    FROM pg_largeobject_metadata HAVING count(*) > 0
"""

QUERIES = (
    SCHEMAS,
    EXTENSIONS,
    EXTENSION_DEPENDENCIES,
    EVENT_TRIGGERS,
    PUBLICATIONS,
    PUBLISHED,
    *FOREIGN,
    COMMENTS,
    DEFAULT_PRIVILEGES,
    LARGE_OBJECTS,
)
