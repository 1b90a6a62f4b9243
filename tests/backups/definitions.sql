-- What PostgreSQL prints in another way once it has been dumped and restored, or might.
CREATE TYPE mood AS ENUM('a','b');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE TABLE t (id serial primary key, a varchar(10), b text, c char(3), n numeric, i int, d date, ts timestamptz, t2 timestamp, m mood, arr int[], va varchar(5)[], j jsonb, p posint, bits bit(3), vb bit varying(5), tm time(2), tz timetz, iv interval day to second(3), nm name, ch "char", bo boolean, f float4, mon money, x xml, u uuid, ip inet, r int4range,
    CHECK (a::text like 'x%'),
    CHECK (c in ('abc','def')),
    CHECK (m in ('a','b')),
    CHECK (m = any('{a,b}'::mood[])),
    CHECK (va <@ array['x','y']::varchar[]),
    CHECK (a = any (va)),
    CHECK (not (a in ('q','r') and b is null)),
    CHECK (a in ('q') or (b in ('z','y') and n between 1 and 2)),
    CHECK (bits = B'101'),
    CHECK (ts > '2020-01-01 00:00:00+00'),
    CHECK (d - '2020-01-01'::date > 3),
    CHECK (iv < interval '1 day 2 hours'),
    CHECK (tm > time '10:00'),
    CHECK (coalesce(a, 'z') <> ''),
    CHECK (a || b <> 'xy'),
    CHECK (length(a) > 1),
    CHECK (i::text || a <> ''),
    CHECK (i % 2 = 0),
    CHECK (-i < 5),
    CHECK (i - (-3) > 0),
    CHECK (i > -3),
    CHECK (n > 1.50),
    CHECK (n::int > 3),
    CHECK (n::numeric(10,2) > 3),
    CHECK ((j->>'a')::int > 1),
    CHECK (j ? 'a'),
    CHECK (arr[1] > 0 and arr[1:2] is not null),
    CHECK (bo is not true),
    CHECK (a similar to 'x|y'),
    CHECK (b ~* 'x'),
    CHECK (a collate "C" > 'b'),
    CHECK (case when a = 'x' then b in ('1','2') else true end),
    CHECK (case a when 'x' then 1 when 'y' then 2 end > 0),
    CHECK (nullif(a,'') is not null),
    CHECK (greatest(i, 1, 2) > 0),
    CHECK (extract(year from d) > 2000),
    CHECK (ts at time zone 'UTC' > '2020-01-01'),
    CHECK ((i, n) > (1, 2)),
    CHECK (row(i, a) is distinct from row(1, 'x')),
    CHECK (a is distinct from 'x'),
    CHECK (position('x' in a) > 0),
    CHECK (substring(a from 1 for 2) = 'xx'),
    CHECK (trim(both 'x' from a) <> ''),
    CHECK (overlay(a placing 'x' from 1) <> ''),
    CHECK (x is document),
    CHECK (r @> 5),
    CHECK (u <> '00000000-0000-0000-0000-000000000000'),
    CHECK (ip << '10.0.0.0/8'),
    CHECK (f > 1e-5),
    CHECK (p + 1 > 0),
    CHECK (ch = 'x'),
    CHECK (nm = 'x'),
    CHECK (a = nm),
    CHECK (a in (b, 'x')),
    CHECK (c = a),
    CHECK (mon > '1'::money),
    CHECK (date_trunc('day', t2) = t2),
    CHECK (b not like '%\_%' escape '\'),
    CHECK (E'a\nb' <> b),
    CHECK (b <> 'back\slash''quote'),
    CHECK (array_length(array[a,'x'],1) > 0),
    CHECK (i = any(array[1,2]::bigint[])),
    CHECK (i not in (1,2,3)),
    CHECK ((i > 1) = (n > 2)),
    CHECK ((i > 1) is not null),
    CHECK (not bo),
    CHECK (bo),
    CHECK (bo = true),
    CHECK (a > 'a' and (b > 'b' and (c > 'c' or (i > 1 and n > 1))))
);
ALTER TABLE t ALTER a SET DEFAULT 'x',
    ALTER b SET DEFAULT 'a' || 'b',
    ALTER c SET DEFAULT 'abc',
    ALTER n SET DEFAULT -1,
    ALTER i SET DEFAULT (1 + 2) * 3,
    ALTER d SET DEFAULT current_date,
    ALTER ts SET DEFAULT now() - interval '1 day',
    ALTER t2 SET DEFAULT timezone('utc', now()),
    ALTER m SET DEFAULT 'a',
    ALTER arr SET DEFAULT '{}',
    ALTER va SET DEFAULT array['a']::varchar[],
    ALTER j SET DEFAULT '{}',
    ALTER bits SET DEFAULT B'101',
    ALTER tm SET DEFAULT '10:00',
    ALTER iv SET DEFAULT '1 day',
    ALTER bo SET DEFAULT false,
    ALTER f SET DEFAULT 1.5,
    ALTER u SET DEFAULT gen_random_uuid(),
    ALTER r SET DEFAULT '[1,2)',
    ALTER vb SET DEFAULT '101';
CREATE INDEX ON t ((a || b));
CREATE INDEX ON t ((coalesce(a,'x')), lower(b) varchar_pattern_ops DESC NULLS FIRST) WHERE a IN ('x','y') AND b <> 'z' AND NOT bo;
CREATE INDEX ON t ((i + 1), (n::int));
CREATE INDEX ON t USING hash (a);
CREATE INDEX ON t USING gin (arr);
CREATE INDEX ON t USING brin (d) WITH (pages_per_range=4);
CREATE INDEX ON t ((j->'a'->>'b'));
CREATE INDEX ON t (((j->>'a')::int)) WHERE (j->>'a') IS NOT NULL;
CREATE INDEX ON t (a COLLATE "C" text_pattern_ops) INCLUDE (b);
CREATE INDEX ON t (upper(a::text)) WHERE m IN ('a');
CREATE VIEW v1 AS SELECT * FROM t;
CREATE VIEW v2 AS SELECT a::text, b::varchar(3) AS bb, n::numeric(5,1), i::bigint::text AS it, '1'::int AS one, NULL::text AS nothing, ARRAY['x', a] AS q, (SELECT max(i) FROM t) AS mx, a IN ('x','y') AS isin, b IN (SELECT a FROM t) AS ins, i = ANY (SELECT 1) AS an, EXISTS (SELECT 1) AS e FROM t WHERE a IN ('x') OR a = ANY ('{x,y}') OR (a,b) IN (('1','2'),('3','4'));
CREATE VIEW v3 AS SELECT x.a, y.b, z.* FROM t x LEFT JOIN t y USING (id) CROSS JOIN LATERAL (SELECT count(*) AS c, string_agg(z.a, ',' ORDER BY z.a DESC) FILTER (WHERE z.a IN ('1','2')) FROM t z WHERE z.id = x.id) z NATURAL JOIN (SELECT 1 AS one) w WHERE x.a IS NOT NULL ORDER BY 1, x.b DESC NULLS LAST LIMIT 5 OFFSET 1;
CREATE VIEW v4 AS WITH RECURSIVE r(n, path) AS (SELECT 1, ARRAY[1] UNION ALL SELECT n + 1, path || n FROM r WHERE n < 5) SEARCH DEPTH FIRST BY n SET ord CYCLE n SET cyc USING pth SELECT n, path FROM r;
CREATE VIEW v5 AS SELECT a, sum(n) OVER w AS s, row_number() OVER (PARTITION BY a ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM t WINDOW w AS (PARTITION BY a, (i % 2));
CREATE VIEW v6 AS SELECT a, grouping(a), sum(n) FROM t GROUP BY ROLLUP (a), CUBE (b, (i, m)) HAVING sum(n) > 1 AND a IN ('x','y');
CREATE VIEW v7 AS (SELECT a FROM t EXCEPT ALL SELECT b FROM t) UNION (SELECT a FROM t INTERSECT SELECT b FROM t WHERE a IN ('1','2'));
CREATE VIEW v8 AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS q(i, s), generate_series(1, 3) WITH ORDINALITY AS g(g, o), ROWS FROM (unnest(ARRAY[1]), unnest(ARRAY['x'::varchar])) AS k(x, y), unnest('{a,b}'::varchar[]) AS un;
CREATE VIEW v9 AS SELECT t.*::t AS whole, extract(epoch from ts) AS ep, ts AT TIME ZONE 'UTC' AS u, overlay(a placing b from 1), cast(a AS char(2)) AS two, a::"char" AS one, trim(leading from a), position(a in b), current_user, session_user, current_date, localtime(0), substring(a similar 'x' escape '\') FROM t TABLESAMPLE system (10) REPEATABLE (1);
CREATE VIEW v10 AS SELECT id, a FROM t FOR UPDATE;
CREATE VIEW v11 (un, deux) AS SELECT DISTINCT a, CASE a WHEN 'x' THEN 'X'::varchar ELSE b END FROM t WHERE a LIKE ANY (ARRAY['x%', 'y%']) AND a NOT ILIKE 'z' AND n BETWEEN SYMMETRIC 2 AND 1 AND NOT (a = 'x' OR b = 'y') AND a IS NOT DISTINCT FROM b AND ts > now() - '1 day'::interval * 2;
CREATE VIEW v12 AS SELECT max(a) AS mx FROM (SELECT a FROM t UNION SELECT b::varchar(10) FROM t) s;
CREATE RULE r1 AS ON INSERT TO v12 DO INSTEAD INSERT INTO t (a, b) VALUES (NEW.mx, 'x'::varchar) RETURNING a::text;
CREATE RULE r2 AS ON UPDATE TO v12 WHERE OLD.mx IN ('a','b') DO INSTEAD (UPDATE t SET a = NEW.mx WHERE a = OLD.mx; DELETE FROM t WHERE a IN ('q', 'r'));
CREATE FUNCTION f1(a varchar DEFAULT 'x'::varchar, VARIADIC r int[] DEFAULT '{}') RETURNS TABLE (x int, y text) LANGUAGE sql BEGIN ATOMIC SELECT i, a FROM t WHERE t.a IN ('x', f1.a); SELECT i, b FROM t WHERE a = $1 OR a = ANY(ARRAY['p','q']); END;
CREATE FUNCTION f2(a varchar) RETURNS bool LANGUAGE sql RETURN a IN ('x','y') AND length(a) > 1;
CREATE POLICY p1 ON t FOR UPDATE TO pg_monitor, PUBLIC USING (a IN ('x','y') AND EXISTS (SELECT 1 FROM t t2 WHERE t2.a = t.a)) WITH CHECK (b = ANY (ARRAY['x','y']::varchar[]));
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tf() ;
CREATE CONSTRAINT TRIGGER ctr AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.a IN ('x','y') OR (NEW.*) IS NULL) EXECUTE FUNCTION tf('a''b', '\');
CREATE STATISTICS st ON (a || b), (lower(a)), i FROM t;
CREATE TABLE g (a varchar(10), b text GENERATED ALWAYS AS (CASE WHEN a IN ('x','y') THEN a ELSE lower(a) || 'z' END) STORED);
CREATE TABLE pl (a varchar(10), d timestamptz, n numeric) PARTITION BY LIST (a);
CREATE TABLE pl1 PARTITION OF pl FOR VALUES IN ('x', 'y', NULL) PARTITION BY RANGE (d, (n + 1));
CREATE TABLE pl11 PARTITION OF pl1 FOR VALUES FROM ('2020-01-01', MINVALUE) TO (MAXVALUE, MAXVALUE);
CREATE TABLE pl2 (n numeric, a varchar(10) CHECK (a IN ('p','q')), d timestamptz); ALTER TABLE pl ATTACH PARTITION pl2 FOR VALUES IN ('p');
ALTER TABLE pl2 ADD CONSTRAINT own UNIQUE (a);
CREATE UNIQUE INDEX pl2_a ON pl2 (n, a);
CREATE INDEX pl_n ON pl (n, lower(a));
