"""The restore matrix as data: kinds of migration, each run on the schema of before.sql."""

from dataclasses import dataclass
from pathlib import Path

# One that each server under test has, and a value of the type it brings.
EXTENSIONS = {15: ("hstore", "a=>1"), 16: ("vector", "[1,2.5]"), 18: ("vector", "[1,2.5]")}


@dataclass(frozen=True)
class Kind:
    """One kind of migration; they can be run one after the other."""

    name: str
    sql: str
    data_only: bool = False
    """It leaves the schema as it was, so only the fingerprints may tell."""
    since: int = 15
    """The major version that has it."""


def before(major: int, *, extended: bool = True) -> str:
    """The SQL of the old schema and its data; not `extended`, of what every server can hold."""
    extension, value = EXTENSIONS[major]
    text = (Path(__file__).parent / "before.sql").read_text()
    if not extended:
        lines = text.splitlines(keepends=True)
        text = "".join(line for line in lines if "{extension}" not in line)
        text = text.replace("INSERT INTO with_tool VALUES (1, '{value}');\n", "")
    return text.replace("{extension}", extension).replace("{value}", value)


KINDS = (
    Kind(
        "a table with a foreign key to an old one",
        """
        CREATE TABLE review (id bigserial PRIMARY KEY, book_id bigint REFERENCES book, stars int);
        INSERT INTO review (book_id, stars) SELECT id, 5 FROM book""",
    ),
    Kind("a view on an old table", "CREATE VIEW cheap AS SELECT id FROM book WHERE price < 5"),
    Kind("a materialised view", "CREATE MATERIALIZED VIEW n AS SELECT count(*) FROM book"),
    Kind("a changed view", "CREATE OR REPLACE VIEW busy AS SELECT name FROM author WHERE id > 3"),
    Kind("an enum type", "CREATE TYPE size AS ENUM ('s', 'l'); ALTER TABLE author ADD size size"),
    Kind("a value of an enum", "ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'"),
    Kind("a composite type", "CREATE TYPE pair AS (a int, b text)"),
    Kind("a changed composite type", "ALTER TYPE sizes ADD ATTRIBUTE depth int"),
    Kind("a range type", "CREATE TYPE times AS RANGE (subtype = time)"),
    Kind("an added column", "ALTER TABLE author ADD email varchar(254) NOT NULL DEFAULT ''"),
    Kind("a dropped column", "ALTER TABLE author DROP COLUMN home"),
    Kind("a renamed column", "ALTER TABLE book RENAME COLUMN title TO name"),
    Kind("a column of another type", "ALTER TABLE kept ALTER COLUMN x TYPE varchar(64)"),
    Kind("a default", "ALTER TABLE book ALTER COLUMN status SET DEFAULT 'out'"),
    Kind("a changed policy", "ALTER POLICY own ON account USING (owner_name = 'c')"),
    Kind("NOT NULL", "ALTER TABLE visit ALTER COLUMN at SET NOT NULL"),
    Kind(
        "an attached partition",
        """
        CREATE TABLE event_2031 (LIKE event INCLUDING ALL);
        ALTER TABLE event ATTACH PARTITION event_2031
            FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')
        """,
    ),
    Kind("a detached partition", "ALTER TABLE event DETACH PARTITION event_2026"),
    Kind(
        "a new partitioned table",
        """
        CREATE TABLE log (id int, k text) PARTITION BY HASH (id);
        CREATE TABLE log_0 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO log SELECT i FROM generate_series(1, 10) i""",
    ),
    Kind("a moved extension", "CREATE SCHEMA aside; ALTER EXTENSION {extension} SET SCHEMA aside"),
    Kind("a dropped extension", "DROP EXTENSION {extension} CASCADE"),
    Kind(
        "a new extension",
        """
        DROP EXTENSION IF EXISTS {extension} CASCADE; CREATE EXTENSION {extension};
        ALTER TABLE car ADD t {extension}""",
    ),
    Kind("a sequence", "CREATE SEQUENCE invoice OWNED BY kept.i; SELECT nextval('invoice')"),
    Kind("a changed sequence", "ALTER SEQUENCE countdown INCREMENT -5"),
    Kind("a sequence's value", "SELECT setval('countdown', 99), nextval('unused')"),
    Kind(
        "an identity column", "ALTER TABLE kept ADD n bigint GENERATED ALWAYS AS IDENTITY (START 9)"
    ),
    Kind("a function", "CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'"),
    Kind(
        "a changed body of a function",
        """
        CREATE OR REPLACE FUNCTION plus_one(i integer, step integer DEFAULT 1) RETURNS integer
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT i + step $$""",
    ),
    Kind(
        "a trigger with its function",
        """
        CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER t BEFORE INSERT ON author FOR EACH ROW EXECUTE FUNCTION t()""",
    ),
    Kind("a trigger switched off", "ALTER TABLE book DISABLE TRIGGER book_stamp"),
    Kind("an event trigger switched off", "ALTER EVENT TRIGGER watch DISABLE"),
    Kind("a rule", "CREATE RULE r AS ON INSERT TO visit DO ALSO NOTHING"),
    Kind(
        "row security",
        """
        ALTER TABLE author ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY mine ON author USING (name = current_user)""",
    ),
    Kind("a generated column", "ALTER TABLE kept ADD l int GENERATED ALWAYS AS (length(x)) STORED"),
    Kind("a virtual column", "ALTER TABLE kept ADD v int GENERATED ALWAYS AS (i + 1)", since=18),
    Kind("a domain", "CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%')"),
    Kind("a changed domain", "ALTER DOMAIN grade DROP NOT NULL"),
    Kind(
        "a check on a list of values",
        """
        ALTER TABLE book DROP CONSTRAINT book_status_check,
            ADD CONSTRAINT book_status_check CHECK (status IN ('draft', 'out', 'gone'))""",
    ),
    Kind("a validated constraint", "ALTER TABLE book VALIDATE CONSTRAINT not_yet"),
    Kind("an exclusion constraint", "ALTER TABLE kept ADD EXCLUDE USING btree (i WITH =)"),
    Kind(
        "a deferrable foreign key",
        """
        ALTER TABLE visit ADD author_id int DEFAULT 1 REFERENCES author DEFERRABLE""",
    ),
    Kind(
        "another time of a foreign key",
        """
        ALTER TABLE book ALTER CONSTRAINT book_author_id_fkey NOT DEFERRABLE""",
    ),
    Kind("a unique constraint", "ALTER TABLE car ADD UNIQUE NULLS NOT DISTINCT (name, wheels)"),
    Kind("an index", "CREATE INDEX kept_x ON kept (x)"),
    Kind(
        "a partial index on an expression",
        """
        CREATE INDEX kept_part ON kept ((i % 7), lower(x)) WHERE x IN ('a', 'b')""",
    ),
    Kind("a renamed index", "ALTER INDEX book_data RENAME TO book_gin"),
    Kind("a dropped index", "DROP INDEX book_words"),
    Kind("statistics", "CREATE STATISTICS s (dependencies) ON i, x FROM kept"),
    Kind("a target of statistics", "ALTER TABLE book ALTER COLUMN price SET STATISTICS 9"),
    Kind(
        "a collation",
        """
        CREATE COLLATION other (provider = libc, locale = 'POSIX');
        ALTER TABLE account ALTER COLUMN secret TYPE text COLLATE other""",
    ),
    Kind("inheritance", "ALTER TABLE boat NO INHERIT vehicle"),
    Kind("a new child", "CREATE TABLE bus (seats int) INHERITS (vehicle)"),
    Kind("a comment", "COMMENT ON COLUMN author.name IS 'another'"),
    Kind("no comment", "COMMENT ON TABLE author IS NULL"),
    Kind("an owner", "ALTER TABLE kept OWNER TO pg_monitor"),
    Kind("grants", "GRANT DELETE ON kept TO pg_monitor; GRANT SELECT (id) ON visit TO PUBLIC"),
    Kind("default privileges", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pg_monitor"),
    Kind("an unlogged table", "CREATE UNLOGGED TABLE quick (i int)"),
    Kind("a logged table", "ALTER TABLE scratch SET LOGGED"),
    Kind("storage parameters", "ALTER TABLE car SET (fillfactor = 50)"),
    Kind("storage of a column", "ALTER TABLE car ALTER COLUMN name SET STORAGE MAIN"),
    Kind("compression of a column", "ALTER TABLE car ALTER COLUMN name SET COMPRESSION pglz"),
    Kind("replica identity", "ALTER TABLE vehicle REPLICA IDENTITY NOTHING"),
    Kind("a schema", "CREATE SCHEMA sales CREATE TABLE bill (id int)"),
    Kind("a table of another schema", "ALTER TABLE visit SET SCHEMA tools"),
    Kind("a publication", "ALTER PUBLICATION parts SET TABLE vehicle"),
    Kind("a foreign table", "ALTER FOREIGN TABLE far OPTIONS (SET name 'y')"),
    Kind("an operator", "DROP OPERATOR ### (integer, integer)"),
    Kind("an aggregate", "DROP AGGREGATE total(integer)"),
    Kind("a cast", "DROP CAST (mood AS address)"),
    Kind(
        "a text search configuration", "ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR word"
    ),
    Kind(
        "odd names",
        """
        CREATE TABLE "Odd ""schema"" name"."new 'x' ""y"", (z)" ("-- c" int PRIMARY KEY)""",
    ),
    Kind("updated rows", "UPDATE kept SET x = 'other' WHERE i = 500", data_only=True),
    Kind("deleted rows", "DELETE FROM kept WHERE i > 990", data_only=True),
    Kind("swapped values", "UPDATE car SET wheels = 7 - wheels", data_only=True),
    Kind(
        "NULL for an empty string", "UPDATE vehicle SET name = NULL WHERE name = ''", data_only=True
    ),
    Kind("a large object", "SELECT lo_from_bytea(0, 'new')"),
    Kind("a renamed table", "ALTER TABLE account RENAME TO login"),
    Kind("a dropped table", "DROP TABLE scratch"),
    Kind("a changed large object", "SELECT lo_put(4711, 1048999, 'x')", data_only=True),
)
