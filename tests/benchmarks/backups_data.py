"""A shop of about 1 GB made by SQL: 6 tables, 4 foreign keys, jsonb under GIN, text.

Nothing is random: every value is a hash of its row's number, so each build holds the same data.
"""

from collections.abc import Iterator
from hashlib import sha256
from math import ceil

from tests.servers import Server

VOCABULARY = 2000
THOUSANDS = {"category": 0.3, "customer": 250, "product": 60, "purchase": 1100}
THOUSANDS |= {"purchase_line": 2500, "event": 540}

TABLES = """
CREATE TABLE category (id bigint PRIMARY KEY, name text NOT NULL, about text NOT NULL);
CREATE TABLE customer (
    id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL, address text NOT NULL,
    joined_at timestamptz NOT NULL, preferences jsonb NOT NULL);
CREATE TABLE product (
    id bigint PRIMARY KEY, category_id bigint NOT NULL, sku uuid NOT NULL, name text NOT NULL,
    price numeric(10, 2) NOT NULL, description text NOT NULL, attributes jsonb NOT NULL);
CREATE TABLE purchase (
    id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at timestamptz NOT NULL,
    state text NOT NULL, total numeric(12, 2) NOT NULL, note text NOT NULL, extra jsonb);
CREATE TABLE purchase_line (
    id bigint PRIMARY KEY, purchase_id bigint NOT NULL, product_id bigint NOT NULL,
    quantity int NOT NULL, price numeric(10, 2) NOT NULL);
CREATE TABLE event (
    id bigint PRIMARY KEY, at timestamptz NOT NULL, kind text NOT NULL, payload jsonb NOT NULL);
"""
INDEXES = """
CREATE UNIQUE INDEX customer_email ON customer (email);
CREATE INDEX product_category ON product (category_id);
CREATE INDEX product_attributes ON product USING gin (attributes);
CREATE INDEX purchase_customer ON purchase (customer_id);
CREATE INDEX purchase_placed_at ON purchase (placed_at);
CREATE INDEX purchase_line_purchase ON purchase_line (purchase_id);
CREATE INDEX purchase_line_product ON purchase_line (product_id);
CREATE INDEX event_at ON event (at);
ALTER TABLE product ADD FOREIGN KEY (category_id) REFERENCES category (id);
ALTER TABLE purchase ADD FOREIGN KEY (customer_id) REFERENCES customer (id);
ALTER TABLE purchase_line ADD FOREIGN KEY (purchase_id) REFERENCES purchase (id);
ALTER TABLE purchase_line ADD FOREIGN KEY (product_id) REFERENCES product (id);
"""


def build(server: Server, name: str, percent: int) -> None:
    """Fill an empty database; `percent` 100 is about 1 GB, 20 about 200 MB."""
    with server.connect(name) as session:
        session.execute("SET jit = off")
        session.execute("SET synchronous_commit = off")
        session.execute("SET maintenance_work_mem = '256MB'")
        session.execute(TABLES.encode())
        for statement in rows(percent):
            session.execute(statement.encode())
        session.execute(INDEXES.encode())
        session.execute("VACUUM ANALYZE")
        session.execute("CHECKPOINT")


def size(server: Server, name: str) -> int:
    """Bytes on disk."""
    [(found,)] = server.query("postgres", "SELECT pg_database_size(%s)", name)
    return int(found)


def rows(percent: int) -> Iterator[str]:
    """One INSERT for each table."""
    count = {table: ceil(thousands * 10 * percent) for table, thousands in THOUSANDS.items()}
    columns = {
        "category": f"{words(1, 2)}, {words(2, 40)}",
        "customer": (
            f"{words(3, 1)} || '.' || i || '@example.com', initcap({words(4, 2)}),"
            f"{pick(5, 300)} || ' ' || initcap({words(6, 4)}),"
            f"timestamptz '2019-01-01 00:00+00' + {pick(7, 200_000_000)} * interval '1 s',"
            f"jsonb_build_object('language', {one_of(8, 'en', 'de', 'fr', 'es')},"
            f" 'newsletter', {pick(9, 2)} = 1, 'credit', {pick(10, 5000)})"
        ),
        "product": (
            f"1 + {pick(11, count['category'])}, md5('sku' || i)::uuid, {words(12, 4)},"
            f"{pick(13, 100_000)} / 100.0, {words(14, 120)},"
            f"jsonb_build_object('colour', {words(15, 1)}, 'grams', {pick(16, 9000)},"
            f" 'tags', jsonb_build_array({words(17, 1)}, {words(18, 1)}))"
        ),
        "purchase": (
            f"1 + {pick(19, count['customer'])},"
            "timestamptz '2020-01-01 00:00+00' + i * interval '150 s',"
            f"{one_of(20, 'new', 'paid', 'sent', 'done', 'returned')},"
            f"{pick(21, 1_000_000)} / 100.0, {words(22, 20)},"
            "CASE WHEN i % 4 = 0 THEN jsonb_build_object('coupon', md5(i::text)) END"
        ),
        "purchase_line": (
            f"1 + {pick(23, count['purchase'])}, 1 + {pick(24, count['product'])},"
            f"1 + {pick(25, 9)}, {pick(26, 100_000)} / 100.0"
        ),
        "event": (
            "timestamptz '2024-01-01 00:00+00' + i * interval '90 s',"
            f"{one_of(27, 'view', 'search', 'login', 'cart', 'error')},"
            f"jsonb_build_object('session', md5('session' || i / 7), 'path', {words(28, 3)},"
            f" 'agent', {words(29, 14, pick(32, 300))}, 'ms', {pick(30, 4000)},"
            f" 'query', {words(31, 30)})"
        ),
    }
    for table, expressions in columns.items():
        series = f"generate_series(1::bigint, {count[table]}) AS i"
        yield f"INSERT INTO {table} SELECT i, {expressions} FROM {series}"


def pick(salt: int, below: int, number: str = "i") -> str:
    """An SQL number from 0 to below `below` that depends on the row and on nothing else."""
    return f"((hashint8extended({number}, {salt}) & 9223372036854775807) % {below})"


def one_of(salt: int, *values: str) -> str:
    """One of a few words."""
    return f"(ARRAY{list(values)})[1 + {pick(salt, len(values))}]"


def words(salt: int, count: int, number: str = "i") -> str:
    """A text of so many words, the first of the vocabulary more often than the last, as in prose.

    The elements of a name[] are found without a search.
    """
    vocabulary = [sha256(str(i).encode()).hexdigest()[: 2 + i % 8] for i in range(VOCABULARY)]
    chosen = pick(salt, 1_000_000, f"({number}) * 1000 + j")
    word = f"(ARRAY{vocabulary}::name[])[1 + floor(({chosen}) ^ 2 / 1e12 * {VOCABULARY})::int]"
    return f"(SELECT string_agg({word}, ' ') FROM generate_series(1, {count}) AS j)"
