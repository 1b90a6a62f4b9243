"""Catalog queries for tables, views, sequences, and what hangs on them."""

from safe_migrate.postgres.schema.parts import (
    NOT_OWNED,
    grants,
    in_order,
    in_schema,
    named,
    ours,
    owned,
)

RELATION = f"""
    WITH relation AS (
        SELECT c.*, {named("n.nspname", "c.relname")} AS name
        {in_schema("pg_class", "c", "relnamespace")})
"""

TABLES = f"""{RELATION}
    SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view'
                          WHEN 'f' THEN 'foreign table' ELSE 'table' END,
        c.name,
        ROW(c.relkind, c.relpersistence, (SELECT amname FROM pg_am WHERE oid = c.relam),
            {in_order("c.reloptions")},
            (SELECT {in_order("t.reloptions")} FROM pg_class t WHERE t.oid = c.reltoastrelid),
            c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relispopulated,
            CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
            (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)
             FROM pg_inherits WHERE inhrelid = c.oid),
            (SELECT ROW(s.srvname, {in_order("f.ftoptions")}) FROM pg_foreign_table f
             JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid))::text,
        concat_ws(' ',
            CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
            CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END),
        {owned("c.relowner", "c.relacl", "r")}
    FROM relation c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

# Neither the position nor, on PostgreSQL 18, the name of the NOT NULL constraint. attndims is left
# out because format_type, and so pg_dump, does not know of it.
COLUMNS = f"""{RELATION}
    SELECT 'column', c.name || '.' || quote_ident(a.attname),
        ROW(format_type(a.atttypid, a.atttypmod), a.attnotnull,
            coalesce(nn.connoinherit, false), coalesce(nn.convalidated, true),
            a.attidentity, a.attgenerated, a.attislocal, a.attinhcount > 0,
            (SELECT {named("o.collnamespace::regnamespace::text", "o.collname")}
             FROM pg_collation o WHERE o.oid = a.attcollation AND a.attcollation <> t.typcollation),
            CASE WHEN c.relkind <> 'v' THEN ROW(
                a.attstorage, a.attcompression, coalesce(a.attstattarget, -1),
                {in_order("a.attoptions")}, {in_order("a.attfdwoptions")}) END)::text,
        pg_get_expr(d.adbin, d.adrelid),
        NULL, {grants("c.relowner", "a.attacl", "c")}
    FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_constraint nn
        ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum]
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
"""

# What a foreign key on or to a partitioned table gives its partitions is made by the server,
# under names that depend on the order in which they were attached.
CONSTRAINTS = f"""{RELATION}
    SELECT 'constraint', c.name || '.' || quote_ident(k.conname),
        ROW(k.contype, k.convalidated, k.conislocal, k.coninhcount > 0)::text,
        pg_get_constraintdef(k.oid), {NOT_OWNED}
    FROM relation c JOIN pg_constraint k ON k.conrelid = c.oid
    WHERE k.contype <> 'n' AND NOT (k.contype = 'f' AND k.conparentid <> 0)
"""

# pg_dump leaves out an index that is not valid, so a restore can only lack it.
INDEXES = f"""{RELATION}
    SELECT 'index', c.name,
        ROW(i.indisclustered, i.indisreplident, i.indisvalid, i.indimmediate,
            (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid),
            (SELECT string_agg(a.attnum || '=' || a.attstattarget, ' ' ORDER BY a.attnum)
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0))::text,
        pg_get_indexdef(c.oid), {NOT_OWNED}
    FROM relation c JOIN pg_index i ON i.indexrelid = c.oid JOIN relation t ON t.oid = i.indrelid
    WHERE i.indisvalid OR c.relkind = 'I'
"""

SEQUENCES = f"""{RELATION}
    SELECT 'sequence', c.name,
        ROW(c.relpersistence, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax,
            s.seqmin, s.seqcache, s.seqcycle,
            (SELECT d.deptype::text || ' ' || d.refobjid::regclass || '.' || quote_ident(a.attname)
             FROM pg_depend d
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))::text,
        NULL, {owned("c.relowner", "c.relacl", "s")}
    FROM relation c JOIN pg_sequence s ON s.seqrelid = c.oid
"""

TRIGGERS = f"""{RELATION}
    SELECT 'trigger', c.name || '.' || quote_ident(t.tgname), t.tgenabled::text,
        pg_get_triggerdef(t.oid), {NOT_OWNED}
    FROM relation c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal
"""

POLICIES = f"""{RELATION}
    SELECT 'policy', c.name || '.' || quote_ident(p.polname),
        ROW(p.polcmd, p.polpermissive, ARRAY(
            SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END COLLATE "C"
            FROM unnest(p.polroles) r ORDER BY 1))::text,
        concat_ws(' ', 'USING', pg_get_expr(p.polqual, p.polrelid),
                  'CHECK', pg_get_expr(p.polwithcheck, p.polrelid)),
        {NOT_OWNED}
    FROM relation c JOIN pg_policy p ON p.polrelid = c.oid
"""

RULES = f"""{RELATION}
    SELECT 'rule', c.name || '.' || quote_ident(r.rulename), r.ev_enabled::text,
        pg_get_ruledef(r.oid), {NOT_OWNED}
    FROM relation c JOIN pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN'
"""

STATISTICS = f"""
    SELECT 'statistics', {named("n.nspname", "s.stxname")}, coalesce(s.stxstattarget, -1)::text,
        pg_get_statisticsobjdef(s.oid), {owned("s.stxowner")}
    {in_schema("pg_statistic_ext", "s", "stxnamespace")}
"""

TABLESPACES = f"""{RELATION}
    SELECT 'tablespace of', c.name, t.spcname::text, NULL, {NOT_OWNED}
    FROM relation c JOIN pg_tablespace t ON t.oid = c.reltablespace
    WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I')
"""

QUERIES = (
    TABLES,
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    SEQUENCES,
    TRIGGERS,
    POLICIES,
    RULES,
    STATISTICS,
    TABLESPACES,
)

SEQUENCE_VALUES = f"""
    SELECT {named("n.nspname", "c.relname")}, s.seqincrement > 0, s.seqcycle,
        CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE')
             THEN pg_sequence_last_value(c.oid::regclass) END
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND {ours("pg_class", "c")}
"""
