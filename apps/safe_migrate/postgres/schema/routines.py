"""Catalog queries for functions, types, operators and what else extends the language."""

from safe_migrate.postgres.schema.parts import (
    NOT_OWNED,
    in_schema,
    later,
    named,
    ours,
    owned,
    users,
)

# A body in quotes stays verbatim; one in SQL (BEGIN ATOMIC) is deparsed like a view.
FUNCTIONS = f"""
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
        {named("n.nspname", "f.proname")} || '(' || oidvectortypes(f.proargtypes) || ')',
        ROW(f.prokind, f.prosrc, f.probin, (SELECT lanname FROM pg_language WHERE oid = f.prolang),
            f.provolatile, f.proisstrict, f.prosecdef, f.proleakproof, f.proparallel, f.procost,
            f.prorows, f.prosupport, f.proconfig, pg_get_function_result(f.oid),
            f.protrftypes::regtype[],
            (SELECT ROW(a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
                        a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn,
                        a.aggmfinalfn, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify,
                        a.aggmfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype,
                        a.aggtransspace, a.aggmtranstype::regtype, a.aggmtransspace,
                        a.agginitval, a.aggminitval)
             FROM pg_aggregate a WHERE a.aggfnoid = f.oid))::text,
        concat_ws(' ', pg_get_function_arguments(f.oid), pg_get_function_sqlbody(f.oid)),
        {owned("f.proowner", "f.proacl", "f")}
    {in_schema("pg_proc", "f", "pronamespace")}
"""

# Without the types that PostgreSQL makes by itself: of a table's row, of an array, of a multirange.
TYPES = f"""
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range'
                          WHEN 'c' THEN 'composite type' ELSE 'type' END,
        {named("n.nspname", "t.typname")},
        ROW(t.typtype, t.typisdefined, t.typnotnull,
            format_type(nullif(t.typbasetype, 0), t.typtypmod),
            (SELECT {named("o.collnamespace::regnamespace::text", "o.collname")}
             FROM pg_collation o WHERE o.oid = t.typcollation),
            (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
             WHERE e.enumtypid = t.oid),
            (SELECT array_agg(ROW(a.attname, format_type(a.atttypid, a.atttypmod),
                                  a.attcollation::regcollation)::text ORDER BY a.attnum)
             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped),
            (SELECT ROW(r.rngsubtype::regtype, r.rngmultitypid::regtype, r.rngcanonical,
                        r.rngsubdiff, r.rngcollation::regcollation,
                        {named("s.opcnamespace::regnamespace::text", "s.opcname")})
             FROM pg_range r JOIN pg_opclass s ON s.oid = r.rngsubopc WHERE r.rngtypid = t.oid),
            CASE WHEN t.typtype = 'b' THEN ROW(
                t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout,
                t.typanalyze, t.typsubscript, t.typlen, t.typbyval, t.typalign, t.typstorage,
                t.typcategory, t.typispreferred, t.typdelim, t.typelem::regtype) END)::text,
        coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
        {owned("t.typowner", "t.typacl", "T")}
    {in_schema("pg_type", "t", "typnamespace")}
        AND t.typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid)
        AND (t.typrelid = 0 OR EXISTS (
            SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
"""

DOMAIN_CONSTRAINTS = f"""
    SELECT 'constraint', {named("n.nspname", "t.typname")} || '.' || quote_ident(k.conname),
        k.convalidated::text, pg_get_constraintdef(k.oid), {NOT_OWNED}
    FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE k.contype <> 'n' AND {users("n.nspname")} AND {ours("pg_type", "t")}
"""

# to_jsonb, because the name of the locale's column depends on the version.
COLLATIONS = f"""
    SELECT 'collation', {named("n.nspname", "c.collname")},
        ROW(c.collprovider, c.collisdeterministic, c.collcollate, c.collctype,
            coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
            to_jsonb(c) ->> 'collicurules')::text,
        NULL, {owned("c.collowner")}
    {in_schema("pg_collation", "c", "collnamespace")}
"""

OPERATORS = f"""
    SELECT 'operator', quote_ident(n.nspname) || '.' || o.oprname || '('
            || coalesce(nullif(o.oprleft, 0)::regtype::text, 'NONE') || ', '
            || o.oprright::regtype || ')',
        ROW(o.oprcode, o.oprresult::regtype, o.oprcanmerge, o.oprcanhash, o.oprcom::regoperator,
            o.oprnegate::regoperator, o.oprrest, o.oprjoin)::text,
        NULL, {owned("o.oprowner")}
    {in_schema("pg_operator", "o", "oprnamespace")}
"""

OPERATOR_CLASSES = f"""
    SELECT 'operator class', {named("n.nspname", "c.opcname")} || ' '
            || (SELECT amname FROM pg_am WHERE oid = c.opcmethod),
        ROW((SELECT {named("f.opfnamespace::regnamespace::text", "f.opfname")}
             FROM pg_opfamily f WHERE f.oid = c.opcfamily),
            c.opcintype::regtype, c.opcdefault, c.opckeytype::regtype)::text,
        NULL, {owned("c.opcowner")}
    {in_schema("pg_opclass", "c", "opcnamespace")}
"""

OPERATOR_FAMILIES = f"""
    SELECT 'operator family', {named("n.nspname", "f.opfname")} || ' '
            || (SELECT amname FROM pg_am WHERE oid = f.opfmethod),
        ROW((SELECT array_agg(ROW(o.amopstrategy, o.amoppurpose, o.amopopr::regoperator,
                                  o.amopsortfamily <> 0)::text COLLATE "C"
                 ORDER BY o.amopstrategy, o.amopopr::regoperator::text COLLATE "C")
             FROM pg_amop o WHERE o.amopfamily = f.oid),
            (SELECT array_agg(ROW(p.amprocnum, p.amproclefttype::regtype,
                                  p.amprocrighttype::regtype, p.amproc::regprocedure)::text
                 ORDER BY p.amprocnum, p.amproc::regprocedure::text COLLATE "C")
             FROM pg_amproc p WHERE p.amprocfamily = f.oid))::text,
        NULL, {owned("f.opfowner")}
    {in_schema("pg_opfamily", "f", "opfnamespace")}
"""

CONVERSIONS = f"""
    SELECT 'conversion', {named("n.nspname", "c.conname")},
        ROW(c.conforencoding, c.contoencoding, c.conproc, c.condefault)::text,
        NULL, {owned("c.conowner")}
    {in_schema("pg_conversion", "c", "connamespace")}
"""

CASTS = f"""
    SELECT 'cast', c.castsource::regtype || ' as ' || c.casttarget::regtype,
        ROW(c.castfunc::regprocedure, c.castcontext, c.castmethod)::text, NULL, {NOT_OWNED}
    {later("pg_cast", "c")}
"""

TRANSFORMS = f"""
    SELECT 'transform', t.trftype::regtype || ' for '
            || (SELECT lanname FROM pg_language WHERE oid = t.trflang),
        ROW(t.trffromsql::regprocedure, t.trftosql::regprocedure)::text, NULL, {NOT_OWNED}
    {later("pg_transform", "t")}
"""

LANGUAGES = f"""
    SELECT 'language', quote_ident(l.lanname),
        ROW(l.lanpltrusted, l.lanplcallfoid::regprocedure, l.laninline::regprocedure,
            l.lanvalidator::regprocedure)::text,
        NULL, {owned("l.lanowner", "l.lanacl", "l")}
    {later("pg_language", "l")}
"""

ACCESS_METHODS = f"""
    SELECT 'access method', quote_ident(m.amname), ROW(m.amhandler, m.amtype)::text, NULL,
        {NOT_OWNED}
    {later("pg_am", "m")}
"""

TEXT_SEARCH = (
    f"""
    SELECT 'text search configuration', {named("n.nspname", "c.cfgname")},
        ROW((SELECT {named("p.prsnamespace::regnamespace::text", "p.prsname")}
             FROM pg_ts_parser p WHERE p.oid = c.cfgparser),
            (SELECT array_agg(ROW(m.maptokentype, m.mapdict::regdictionary)::text
                 ORDER BY m.maptokentype, m.mapseqno)
             FROM pg_ts_config_map m WHERE m.mapcfg = c.oid))::text,
        NULL, {owned("c.cfgowner")}
    {in_schema("pg_ts_config", "c", "cfgnamespace")}
    """,
    f"""
    SELECT 'text search dictionary', {named("n.nspname", "d.dictname")},
        ROW((SELECT {named("t.tmplnamespace::regnamespace::text", "t.tmplname")}
             FROM pg_ts_template t WHERE t.oid = d.dicttemplate), d.dictinitoption)::text,
        NULL, {owned("d.dictowner")}
    {in_schema("pg_ts_dict", "d", "dictnamespace")}
    """,
    f"""
    SELECT 'text search parser', {named("n.nspname", "p.prsname")},
        ROW(p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype)::text, NULL, {NOT_OWNED}
    {in_schema("pg_ts_parser", "p", "prsnamespace")}
    """,
    f"""
    SELECT 'text search template', {named("n.nspname", "t.tmplname")},
        ROW(t.tmplinit, t.tmpllexize)::text, NULL, {NOT_OWNED}
    {in_schema("pg_ts_template", "t", "tmplnamespace")}
    """,
)

QUERIES = (
    FUNCTIONS,
    TYPES,
    DOMAIN_CONSTRAINTS,
    COLLATIONS,
    OPERATORS,
    OPERATOR_CLASSES,
    OPERATOR_FAMILIES,
    CONVERSIONS,
    CASTS,
    TRANSFORMS,
    LANGUAGES,
    ACCESS_METHODS,
    *TEXT_SEARCH,
)
