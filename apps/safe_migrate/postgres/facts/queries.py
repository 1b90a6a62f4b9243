"""The catalog's answers about some tables; each query takes their oids as %(oids)s.

None reads a table's rows, and any role may ask: the catalog and pg_stat_user_tables are public.
"""

# A build with ICU imports its collations at initdb; one entry, unicode, is there without it too.
SERVER = """
    SELECT current_setting('server_version_num')::int / 10000,
           current_schemas(false)::text[],
           EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i' AND collname LIKE '%-x-icu'),
           current_setting('block_size')::int, current_setting('TimeZone'),
           extract(epoch FROM now() - (SELECT stats_reset FROM pg_stat_database
                                       WHERE datname = current_database()))::float8
"""

EXTENSIONS = """
    SELECT a.name, e.extversion FROM pg_available_extensions a
    FULL JOIN pg_extension e ON e.extname = a.name
    WHERE a.name IS NOT NULL
    UNION ALL
    SELECT e.extname, e.extversion FROM pg_extension e
    WHERE e.extname NOT IN (SELECT name FROM pg_available_extensions)
"""

# Those named, by themselves or by an index of theirs, and what foreign keys and inheritance tie to
# them: a dropped table's neighbours lose keys, a key's other end is locked as well.
SCOPE = """
    WITH named AS (
        SELECT DISTINCT coalesce(i.indrelid, c.oid) AS oid
        FROM unnest(%(names)s::text[]) AS given (name)
        JOIN pg_class c ON c.oid = to_regclass(given.name)
        LEFT JOIN pg_index i ON i.indexrelid = c.oid
    ), family AS (
        SELECT oid FROM named
        UNION SELECT h.inhparent FROM pg_inherits h JOIN named n ON n.oid = h.inhrelid
        UNION SELECT h.inhrelid FROM pg_inherits h JOIN named n ON n.oid = h.inhparent
    ), near AS (
        SELECT oid FROM family
        UNION SELECT k.confrelid FROM pg_constraint k JOIN family f ON f.oid = k.conrelid
              WHERE k.contype = 'f'
        UNION SELECT k.conrelid FROM pg_constraint k JOIN family f ON f.oid = k.confrelid
              WHERE k.contype = 'f'
    )
    SELECT c.oid::int8 FROM near JOIN pg_class c USING (oid) WHERE c.relkind IN ('r', 'p', 'm')
"""

# A partitioned table holds nothing itself: its leaves are summed. The planner as well takes the
# rows per page of the last ANALYZE times the pages of now (plancat.c, estimate_rel_size), and the
# width of a row from its types where there was none; a text is taken for 32 bytes.
TABLES = """
    WITH RECURSIVE tree (root, oid) AS (
        SELECT oid, oid FROM pg_class WHERE oid = ANY (%(oids)s::oid[])
        UNION ALL
        SELECT t.root, h.inhrelid FROM tree t
        JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'p'
        JOIN pg_inherits h ON h.inhparent = t.oid
    ), leaf AS (
        SELECT t.root, c.oid, c.reltuples, c.relpages, {pages} AS pages, {bytes} AS bytes,
               {index_bytes} AS index_bytes, s.n_live_tup AS live,
               coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)
               + coalesce(s.n_tup_ins, 0) AS statements
        FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind <> 'p'
        LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    ), counted AS (
        SELECT root, bytes, index_bytes, statements,
               CASE WHEN pages = 0 THEN 0
                    WHEN reltuples >= 0 AND relpages > 0 THEN reltuples / relpages * pages
                    WHEN live > 0 THEN live
                    ELSE pages * %(block_size)s / (
                        SELECT 28 + coalesce(sum(CASE WHEN attlen > 0 THEN attlen ELSE 32 END), 0)
                        FROM pg_attribute WHERE attrelid = leaf.oid AND attnum > 0
                        AND NOT attisdropped) END AS rows
        FROM leaf
    ), summed AS (
        SELECT root, count(*) AS leaves, sum(rows) AS rows, sum(bytes) AS bytes,
               sum(index_bytes) AS index_bytes, sum(statements)::float8 AS statements
        FROM counted GROUP BY root
    )
    SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'p', coalesce(s.leaves, 0)::int,
           coalesce(s.rows, 0)::int8, coalesce(s.bytes, 0)::int8,
           coalesce(s.index_bytes, 0)::int8, c.relrowsecurity, s.statements
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN summed s ON s.root = c.oid
    WHERE c.oid = ANY (%(oids)s::oid[])
"""
# These wait for whoever holds ACCESS EXCLUSIVE; what the catalog noted last does not.
SIZES = {
    "pages": "coalesce(pg_relation_size(c.oid), 0) / %(block_size)s",
    "bytes": "coalesce(pg_table_size(c.oid), 0)",
    "index_bytes": "coalesce(pg_indexes_size(c.oid), 0)",
}
NOTED_SIZES = {
    "pages": "c.relpages",
    "bytes": "c.relpages::int8 * %(block_size)s",
    "index_bytes": """(SELECT coalesce(sum(x.relpages), 0) FROM pg_index i
                       JOIN pg_class x ON x.oid = i.indexrelid
                       WHERE i.indrelid = c.oid) * %(block_size)s""",
}

COLUMNS = """
    SELECT attrelid::int8, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef,
           attgenerated <> '', attidentity <> ''
    FROM pg_attribute
    WHERE attrelid = ANY (%(oids)s::oid[]) AND attnum > 0 AND NOT attisdropped
    ORDER BY attrelid, attnum
"""

INDEXES = """
    SELECT i.indrelid::int8, c.relname, i.indisunique, i.indisvalid, i.indisprimary,
           i.indpred IS NOT NULL, c.relpages::int8 * %(block_size)s,
           ARRAY(SELECT coalesce(a.attname, '')
                 FROM unnest((i.indkey::int2[])[:i.indnkeyatts - 1])
                      WITH ORDINALITY AS k (number, place)
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                 ORDER BY k.place)::text[],
           ARRAY(SELECT DISTINCT a.attname::text FROM pg_depend d
                 JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                 AND a.attnum <> ALL (i.indkey::int2[])
                 ORDER BY 1)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY (%(oids)s::oid[]) AND i.indislive
    ORDER BY i.indrelid, c.relname
"""

CONSTRAINTS = """
    SELECT k.conrelid::int8, k.conname, k.contype::text, k.convalidated,
           CASE WHEN k.contype <> 'n' THEN coalesce(pg_get_constraintdef(k.oid), '')
                ELSE 'NOT NULL' END, k.confrelid::int8,
           ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number
                 ORDER BY c.place)::text[]
    FROM pg_constraint k
    WHERE k.conrelid = ANY (%(oids)s::oid[]) AND k.contype <> 't'
    ORDER BY k.conrelid, k.conname
"""

# (schema, name) of tables, since a key may point to one that is not among those asked for.
REFERENCES = """
    SELECT k.conrelid::int8, kn.nspname, kc.relname, k.confrelid::int8, fn.nspname, fc.relname
    FROM pg_constraint k
    JOIN pg_class kc ON kc.oid = k.conrelid JOIN pg_namespace kn ON kn.oid = kc.relnamespace
    JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND (k.conrelid = ANY (%(oids)s::oid[]) OR k.confrelid = ANY (%(oids)s::oid[]))
    ORDER BY kn.nspname, kc.relname
"""

_NAME = "quote_ident({schema}) || '.' || quote_ident({name})"
_VIEW = _NAME.format(schema="vn.nspname", name="v.relname")
_FUNCTION = _NAME.format(schema="pn.nspname", name="p.proname")
_COLUMN = """coalesce((SELECT attname FROM pg_attribute
                      WHERE attrelid = {table} AND attnum = {number} AND {number} > 0), '')"""
_DEPENDED = _COLUMN.format(table="d.refobjid", number="d.refobjsubid")

DEPENDENTS = f"""
    SELECT d.refobjid::int8, CASE v.relkind WHEN 'm' THEN 'materialized view'
           WHEN 'v' THEN 'view' ELSE 'rule' END, {_VIEW}, {_DEPENDED}
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(oids)s::oid[])
      AND (r.ev_class <> d.refobjid OR v.relkind IN ('r', 'p'))
    UNION
    SELECT d.refobjid::int8, 'function', {_FUNCTION}, {_DEPENDED}
    FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    JOIN pg_namespace pn ON pn.oid = p.pronamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(oids)s::oid[])
    UNION
    SELECT y.typrelid::int8, 'function', {_FUNCTION}, ''
    FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    JOIN pg_namespace pn ON pn.oid = p.pronamespace
    JOIN pg_type y ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray)
    WHERE y.typrelid = ANY (%(oids)s::oid[])
    UNION
    SELECT t.tgrelid::int8, 'trigger', t.tgname::text, {_DEPENDED}
    FROM pg_trigger t LEFT JOIN pg_depend d
         ON d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.refobjid = t.tgrelid
    WHERE t.tgrelid = ANY (%(oids)s::oid[]) AND NOT t.tgisinternal
    UNION
    SELECT p.polrelid::int8, 'policy', p.polname::text, {_DEPENDED}
    FROM pg_policy p LEFT JOIN pg_depend d
         ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refobjid = p.polrelid
    WHERE p.polrelid = ANY (%(oids)s::oid[])
    UNION
    SELECT pr.prrelid::int8, 'publication', p.pubname::text,
           {_COLUMN.format(table="pr.prrelid", number="k.number")}
    FROM pg_publication_rel pr JOIN pg_publication p ON p.oid = pr.prpubid
    LEFT JOIN unnest(pr.prattrs::int2[]) AS k (number) ON true
    WHERE pr.prrelid = ANY (%(oids)s::oid[])
    UNION
    SELECT c.oid::int8, 'publication', p.pubname::text, '' FROM pg_publication p, pg_class c
    WHERE p.puballtables AND c.oid = ANY (%(oids)s::oid[]) AND c.relkind IN ('r', 'p')
      AND c.relpersistence = 'p'
    UNION
    SELECT c.oid::int8, 'publication', p.pubname::text, '' FROM pg_publication p
    JOIN pg_publication_namespace pn ON pn.pnpubid = p.oid
    JOIN pg_class c ON c.relnamespace = pn.pnnspid
    WHERE c.oid = ANY (%(oids)s::oid[]) AND c.relkind IN ('r', 'p')
    UNION
    SELECT d.refobjid::int8, 'generated column', g.attname::text, {_DEPENDED}
    FROM pg_attrdef a JOIN pg_attribute g ON g.attrelid = a.adrelid AND g.attnum = a.adnum
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
         AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.adrelid
         AND d.refobjsubid NOT IN (0, a.adnum)
    WHERE g.attgenerated <> '' AND a.adrelid = ANY (%(oids)s::oid[])
    UNION
    SELECT s.stxrelid::int8, 'statistics', s.stxname::text,
           {_COLUMN.format(table="s.stxrelid", number="k.number")}
    FROM pg_statistic_ext s LEFT JOIN unnest(s.stxkeys::int2[]) AS k (number) ON true
    WHERE s.stxrelid = ANY (%(oids)s::oid[])
    ORDER BY 1, 2, 3, 4
"""
