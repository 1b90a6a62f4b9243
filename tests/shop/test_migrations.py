"""The shop's chains of migrations: complete, forwards and backwards, with rows in the tables."""

import pytest

from tests.projects import Project
from tests.servers import Server

APPS = ("accounts", "catalog", "orders")
COLUMNS = """
    SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
    FROM information_schema.columns WHERE table_schema = 'public'
    ORDER BY 1, 2
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2
"""
INDEXES = "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def bare(shop: Project) -> Project:
    """The shop without its tables; plain `migrate` is quicker and does the same."""
    shop.ok("migrate", "-v0")
    return shop


def schema(server: Server, database: str) -> list[tuple[object, ...]]:
    return [
        row for query in (COLUMNS, CONSTRAINTS, INDEXES) for row in server.query(database, query)
    ]


def test_nothing_is_missing(bare: Project) -> None:
    assert bare.ok("makemigrations", "--check", "--dry-run").out == "No changes detected\n"


def test_there_and_back_and_there_again(bare: Project, server: Server, database: str) -> None:
    before = schema(server, database)
    bare.ok("migrate", "-v0", "admin", "zero")
    for app in reversed(APPS):
        bare.ok("migrate", "-v0", app, "zero")
    left = {str(row[0]).partition("_")[0] for row in server.query(database, COLUMNS)}
    assert not left & set(APPS)
    bare.ok("migrate", "-v0")
    assert schema(server, database) == before


def test_the_chains_are_long_enough_and_well_named() -> None:
    from django.db.migrations.loader import MigrationLoader

    names = MigrationLoader(None).disk_migrations
    for app in APPS:
        chain = sorted(name for label, name in names if label == app)
        assert len(chain) >= 4
        assert not [name for name in chain[1:] if "auto" in name or "and_more" in name]


def test_rows_pass_through_every_migration_and_back(
    bare: Project, server: Server, database: str
) -> None:
    """What the data migrations fill, and what requiring it afterwards needs."""

    def sql(statement: str) -> list[tuple[object, ...]]:
        return server.query(database, statement)

    for app in reversed(APPS):
        bare.ok("migrate", "-v0", app, "0001")
    sql(
        "INSERT INTO accounts_user (id, password, email, full_name, is_active, is_staff,"
        " is_superuser, date_joined)"
        " VALUES (1, '!', 'a@example.com', 'Ann Lee', true, false, false, now())"
    )
    sql("INSERT INTO catalog_category (id, name, slug) VALUES (1, 'Books', 'books')")
    sql(
        "INSERT INTO catalog_product (id, sku, name, category_id, price, updated_at)"
        " VALUES (1, 'SKU-1', 'A book', 1, 12.50, now())"
    )
    sql(
        "INSERT INTO orders_order (id, number, customer_id, status, placed_at)"
        " VALUES (1, 'O-1', 1, 'placed', now())"
    )
    sql("INSERT INTO orders_orderline (order_id, product_id, quantity) VALUES (1, 1, 2)")
    bare.ok("migrate", "-v0")
    assert sql("SELECT display_name FROM accounts_user") == [("Ann Lee",)]
    assert sql("SELECT slug, attributes::text FROM catalog_product") == [("sku-1", "{}")]
    [(price,)] = sql("SELECT unit_price FROM orders_orderline")
    assert str(price) == "12.50"
    for app in reversed(APPS):
        bare.ok("migrate", "-v0", app, "0001")
    assert sql("SELECT full_name FROM accounts_user") == [("Ann Lee",)]
    assert sql("SELECT quantity FROM orders_orderline") == [(2,)]
